#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static enum log_level threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    threshold = level;
}

static int stamp(char *line, size_t size, enum log_level level)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
    return (int)n + snprintf(line + n, size - n, ".%03ldZ %s ", now.tv_nsec / 1000000, names[level]);
}

void log_line(enum log_level level, const char *format, ...)
{
    if (level > threshold)
        return;
    char line[2048];
    int start = stamp(line, sizeof line, level);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line + start, sizeof line - (size_t)start - 1, format, args);
    va_end(args);
    if (n < 0)
        return;
    size_t end = (size_t)(start + n);
    if (end > sizeof line - 2)
        end = sizeof line - 2;
    for (size_t i = (size_t)start; i < end; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[end++] = '\n';
    if (write(STDERR_FILENO, line, end) < 0)
        return; /* nowhere left to say it */
}
