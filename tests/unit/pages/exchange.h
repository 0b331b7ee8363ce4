/* The web server's side of a response, kept for the test to look at; stands in for the http room. */
#ifndef KONSAO_TESTS_PAGES_EXCHANGE_H
#define KONSAO_TESTS_PAGES_EXCHANGE_H

#include "folder.h"

static struct {
    struct {
        str name, value;
    } headers[8], cookies[2];
    size_t header_count, cookie_count;
    int status, answers;
    const char *type;
    str body, cookie_sent, accept_encoding;
} answer;

void response_header(struct request *rq, const char *name, str value)
{
    (void)rq;
    assert_true(answer.header_count < COUNT_OF(answer.headers));
    answer.headers[answer.header_count].name = str_of(name);
    answer.headers[answer.header_count++].value = value;
}

void response_cookie(struct request *rq, const char *name, str value, int64_t max_age)
{
    (void)rq;
    assert_true(max_age > 0 && answer.cookie_count < COUNT_OF(answer.cookies));
    answer.cookies[answer.cookie_count].name = str_of(name);
    answer.cookies[answer.cookie_count++].value = value;
}

void respond(struct request *rq, int status, const char *content_type, str body)
{
    (void)rq;
    answer.status = status;
    answer.type = content_type;
    answer.body = body;
    answer.answers++;
}

str request_header(const struct request *rq, const char *name)
{
    (void)rq;
    assert_string_equal(name, "Accept-Encoding");
    return answer.accept_encoding;
}

str request_cookie(const struct request *rq, const char *name)
{
    (void)rq;
    assert_string_equal(name, "lang");
    return answer.cookie_sent;
}

str params_get(const struct params *params, const char *name)
{
    for (size_t i = 0; i < params->count; i++) {
        if (str_is(params->items[i].name, name)) {
            return params->items[i].value;
        }
    }
    return STR_NONE;
}

static inline str answer_header(const char *name)
{
    for (size_t i = 0; i < answer.header_count; i++) {
        if (str_is(answer.headers[i].name, name)) {
            return answer.headers[i].value;
        }
    }
    return STR_NONE;
}

static inline bool str_contains(str s, const char *part)
{
    return memmem(s.p, s.n, part, strlen(part)) != NULL;
}

#endif
