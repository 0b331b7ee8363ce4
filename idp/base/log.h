/* The operational log: one line an event on standard error, "time level event key=value …" (logfmt).
 * Never a KIdC, a code, a token, a secret or a biometric; who did what belongs in the audit record instead. */
#ifndef KONSAO_BASE_LOG_H
#define KONSAO_BASE_LOG_H

#include "base/attr.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/** Lines above this level are dropped; LOG_LEVEL_INFO at first. Set once, before threads start. */
void log_set_level(enum log_level level);
/** Writes one line. `format` is `event key=value …`; control characters in it become '?'. Thread-safe, cuts at 2 KB. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
