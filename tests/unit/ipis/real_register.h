/* The reference register as a process of its own, and a plain HTTP client to look at it with. */
#ifndef TESTS_UNIT_IPIS_REAL_REGISTER_H
#define TESTS_UNIT_IPIS_REAL_REGISTER_H

#include <curl/curl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

struct real {
    pid_t pid;
    char url[64];
};

/* The program that was built beside this test: BUILD/tests/ipis_test_register → BUILD/konsao-ipis. */
static inline void real_program(char *out, size_t room)
{
    ssize_t n = readlink("/proc/self/exe", out, room - 64);
    out[n > 0 ? n : 0] = '\0';
    for (int i = 0; i < 2 && strrchr(out, '/'); i++)
        *strrchr(out, '/') = '\0';
    strcat(out, "/konsao-ipis");
}

/* Starts it on a free port; `more` are up to three further options. */
static inline struct real real_start(const char *const more[3])
{
    struct real real = {0};
    char program[4096], line[256] = "";
    int out[2];
    real_program(program, sizeof program);
    if (pipe(out) != 0 || (real.pid = fork()) < 0)
        abort();
    if (real.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        dup2(out[1], STDOUT_FILENO);
        if (!freopen("/dev/null", "w", stderr))
            _exit(126);
        execl(program, "konsao-ipis", "--port", "0", "--residents", SOURCE_DIR "/conformance/ipis/residents.json",
              more[0], more[1], more[2], (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *said = fdopen(out[0], "r");
    const char *url = said && fgets(line, sizeof line, said) ? strstr(line, "http://") : NULL;
    if (!url) {
        fprintf(stderr, "%s did not start\n", program);
        abort();
    }
    snprintf(real.url, sizeof real.url, "%.*s", (int)strcspn(url, "\n"), url);
    fclose(said);
    return real;
}

/* True when it ended by itself on SIGTERM, without a crash or a sanitizer's complaint. */
static inline bool real_stop(struct real *real)
{
    int status;
    kill(real->pid, SIGTERM);
    return waitpid(real->pid, &status, 0) == real->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct seen {
    long status;
    size_t n, head_n;
    char body[262144], head[8192];
};

static inline size_t seen_body(char *data, size_t size, size_t count, void *context)
{
    struct seen *seen = context;
    size_t n = size * count;
    if (n > sizeof seen->body - 1 - seen->n)
        return 0;
    memcpy(seen->body + seen->n, data, n);
    seen->n += n;
    seen->body[seen->n] = '\0';
    return n;
}

static inline size_t seen_head(char *data, size_t size, size_t count, void *context)
{
    struct seen *seen = context;
    size_t n = size * count;
    if (n <= sizeof seen->head - 1 - seen->head_n) {
        memcpy(seen->head + seen->head_n, data, n);
        seen->head_n += n;
        seen->head[seen->head_n] = '\0';
    }
    return n;
}

/* One request; `body` NULL: GET. `headers`: up to three, NULL-terminated. status 0: no answer. The result is static. */
static inline struct seen *ask(const struct real *real, const char *path, const char *body, const char *const *headers)
{
    static struct seen seen;
    char url[2048];
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    CURL *curl = curl_easy_init();
    memset(&seen, 0, sizeof seen);
    snprintf(url, sizeof url, "%s%s", real->url, path);
    if (body)
        list = curl_slist_append(list, "Content-Type: application/json");
    for (; headers && *headers; headers++)
        list = curl_slist_append(list, *headers);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 10000L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, seen_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &seen);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, seen_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &seen);
    if (body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &seen.status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(list);
    return &seen;
}

static inline struct seen *ask_json(const struct real *real, const char *path)
{
    static const char *const accept[] = {"Accept: application/json", NULL};
    return ask(real, path, NULL, accept);
}

#endif
