/* Whole sign-ins, as fast as they go: each is a new browser that is sent to authorize, gives its KIdC and code,
 * consents, and a portal that exchanges the code and asks userinfo. Prints how many were made, how long it took, and
 * the median and 99th percentile of one. */
#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY_MAX 65536
#define SAMPLES_MAX 200000

static struct {
    const char *issuer, *register_url, *client_id, *client_secret, *redirect_uri;
    char kidcs[64][16];
    size_t kidc_count;
    double end;
    atomic_size_t next_kidc, done, failed;
    double took[SAMPLES_MAX];
} load;

/* One browser, and the portal behind it, on kept connections. */
struct driver {
    CURL *curl;
    char body[BODY_MAX];
    size_t size;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t collect(char *data, size_t size, size_t count, void *context)
{
    struct driver *driver = context;
    size_t n = size * count;
    if (driver->size + n >= sizeof driver->body)
        return 0;
    memcpy(driver->body + driver->size, data, n);
    driver->size += n;
    driver->body[driver->size] = '\0';
    return n;
}

/* Sends a request; gives the status, and where it redirects to ("" if it doesn't). */
static long request(struct driver *driver, const char *url, const char *form, const char *userpwd,
                    struct curl_slist *headers, char *location)
{
    char *to = NULL;
    long status = 0;
    driver->size = 0;
    driver->body[0] = '\0';
    curl_easy_setopt(driver->curl, CURLOPT_URL, url);
    if (form)
        curl_easy_setopt(driver->curl, CURLOPT_COPYPOSTFIELDS, form);
    else
        curl_easy_setopt(driver->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(driver->curl, CURLOPT_USERPWD, userpwd);
    curl_easy_setopt(driver->curl, CURLOPT_HTTPHEADER, headers);
    if (curl_easy_perform(driver->curl) != CURLE_OK)
        return 0;
    curl_easy_getinfo(driver->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(driver->curl, CURLINFO_REDIRECT_URL, &to);
    snprintf(location, 2048, "%s", to ? to : "");
    return status;
}

/* The value after `before` in the last body, up to a quote; false when it is not there. */
static bool find(const struct driver *driver, const char *before, char *out, size_t size)
{
    const char *at = strstr(driver->body, before);
    if (!at)
        return false;
    at += strlen(before);
    size_t n = strcspn(at, "\"&");
    if (n >= size)
        return false;
    memcpy(out, at, n);
    out[n] = '\0';
    return true;
}

/* Sends a sign-in page's form: its csrf token, the button, and more fields. */
static bool submit(struct driver *driver, const char *page, const char *action, const char *fields, char *location)
{
    char csrf[256], form[1024];
    if (!find(driver, "name=\"csrf\" value=\"", csrf, sizeof csrf))
        return false;
    snprintf(form, sizeof form, "csrf=%s&action=%s%s", csrf, action, fields);
    long status = request(driver, page, form, NULL, NULL, location);
    if (status == 303 && strstr(location, "/signin/"))
        status = request(driver, location, NULL, NULL, NULL, location);
    return status == 200 || status == 303;
}

/* The newest code that the register sent to a KIdC. */
static bool read_code(const char *kidc, char *code, size_t size)
{
    static _Thread_local struct driver outbox;
    char url[512], ignored[2048];
    if (!outbox.curl) {
        outbox.curl = curl_easy_init();
        curl_easy_setopt(outbox.curl, CURLOPT_WRITEFUNCTION, collect);
        curl_easy_setopt(outbox.curl, CURLOPT_WRITEDATA, &outbox);
    }
    snprintf(url, sizeof url, "%s/outbox?kidc=%s", load.register_url, kidc);
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    long status = request(&outbox, url, NULL, NULL, headers, ignored);
    curl_slist_free_all(headers);
    return status == 200 && find(&outbox, "\"code\":\"", code, size);
}

static bool exchange(struct driver *driver, const char *location)
{
    char form[2048], userpwd[512], token[4096], authorization[4200], url[512], ignored[2048];
    const char *code = strstr(location, "code=");
    if (!code)
        return false;
    snprintf(form, sizeof form, "grant_type=authorization_code&redirect_uri=%s&code=%.*s&code_verifier=%s",
             load.redirect_uri, (int)strcspn(code + 5, "&"), code + 5, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    snprintf(userpwd, sizeof userpwd, "%s:%s", load.client_id, load.client_secret);
    snprintf(url, sizeof url, "%s/token", load.issuer);
    if (request(driver, url, form, userpwd, NULL, ignored) != 200 ||
        !find(driver, "\"access_token\":\"", token, sizeof token))
        return false;
    snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", token);
    struct curl_slist *headers = curl_slist_append(NULL, authorization);
    snprintf(url, sizeof url, "%s/userinfo", load.issuer);
    long status = request(driver, url, NULL, NULL, headers, ignored);
    curl_slist_free_all(headers);
    return status == 200 && strstr(driver->body, "\"family_name\"");
}

static bool sign_in(struct driver *driver, const char *kidc)
{
    char url[2048], page[2048], location[2048], code[32], fields[64];
    curl_easy_setopt(driver->curl, CURLOPT_COOKIELIST, "ALL"); /* a new browser */
    snprintf(url, sizeof url,
             "%s/"
             "authorize?response_type=code&client_id=%s&redirect_uri=%s&scope=openid%%20profile&state=s&nonce=n&code_"
             "challenge_method=S256&"
             "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
             load.issuer, load.client_id, load.redirect_uri);
    if (request(driver, url, NULL, NULL, NULL, page) != 303 || request(driver, page, NULL, NULL, NULL, location) != 200)
        return false;
    snprintf(fields, sizeof fields, "&kidc=%s", kidc);
    if (!submit(driver, page, "continue", fields, location) || !read_code(kidc, code, sizeof code))
        return false;
    snprintf(fields, sizeof fields, "&otp=%s", code);
    if (!submit(driver, page, "continue", fields, location))
        return false;
    if (!location[0] && !submit(driver, page, "allow", "&claim=name&claim=family_name&claim=given_name", location))
        return false;
    if (strstr(location, "/authorize/") && request(driver, location, NULL, NULL, NULL, location) != 303)
        return false;
    return exchange(driver, location);
}

/* Each thread has residents of its own: a new code for a number replaces the one before. */
static void *work(void *context)
{
    (void)context;
    struct driver *driver = calloc(1, sizeof *driver);
    driver->curl = curl_easy_init();
    curl_easy_setopt(driver->curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(driver->curl, CURLOPT_WRITEDATA, driver);
    curl_easy_setopt(driver->curl, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(driver->curl, CURLOPT_TIMEOUT, 20L);
    const char *kidc = load.kidcs[atomic_fetch_add(&load.next_kidc, 1)];
    for (double start = now(); start < load.end; start = now()) {
        if (!sign_in(driver, kidc)) {
            if (atomic_fetch_add(&load.failed, 1) == 0)
                fprintf(stderr, "first failure, the last answer was:\n%s\n", driver->body);
            break;
        }
        size_t i = atomic_fetch_add(&load.done, 1);
        if (i < SAMPLES_MAX)
            load.took[i] = now() - start;
    }
    curl_easy_cleanup(driver->curl);
    free(driver);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Residents that can sign in, from the register. */
static void read_residents(void)
{
    struct driver *driver = calloc(1, sizeof *driver);
    char url[512], ignored[2048];
    driver->curl = curl_easy_init();
    curl_easy_setopt(driver->curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(driver->curl, CURLOPT_WRITEDATA, driver);
    snprintf(url, sizeof url, "%s/residents", load.register_url);
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    request(driver, url, NULL, NULL, headers, ignored);
    curl_slist_free_all(headers);
    json_t *list = json_loads(driver->body, 0, NULL), *resident;
    size_t i;
    json_array_foreach(list, i, resident)
    {
        const char *status = json_string_value(json_object_get(resident, "status"));
        if (status && strcmp(status, "ACTIVE") == 0 && !json_is_true(json_object_get(resident, "minor")) &&
            json_is_string(json_object_get(resident, "phone")) && load.kidc_count < 64)
            snprintf(load.kidcs[load.kidc_count++], sizeof load.kidcs[0], "%s",
                     json_string_value(json_object_get(resident, "kidc")));
    }
    json_decref(list);
    curl_easy_cleanup(driver->curl);
    free(driver);
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: load_signins ISSUER REGISTER CLIENT_ID CLIENT_SECRET REDIRECT_URI AT_ONCE SECONDS\n");
        return 2;
    }
    load.issuer = argv[1], load.register_url = argv[2], load.client_id = argv[3], load.client_secret = argv[4],
    load.redirect_uri = argv[5];
    curl_global_init(CURL_GLOBAL_DEFAULT);
    read_residents();
    size_t threads = (size_t)atoi(argv[6]);
    if (threads > load.kidc_count)
        threads = load.kidc_count;
    pthread_t ids[64];
    double start = now();
    load.end = start + atof(argv[7]);
    for (size_t i = 0; i < threads; i++)
        pthread_create(&ids[i], NULL, work, NULL);
    for (size_t i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    size_t done = load.done;
    qsort(load.took, done < SAMPLES_MAX ? done : SAMPLES_MAX, sizeof *load.took, by_value);
    printf("%zu %zu %.3f %zu %.1f %.1f\n", done, load.failed, now() - start, threads,
           done ? load.took[done / 2] * 1000 : 0, done ? load.took[done * 99 / 100] * 1000 : 0);
    return load.failed || !done;
}
