#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "operator/estate.h"
#include "operator/verbs.h"

const struct flag key_rotate_flags[] = {
    {"alg", "ALG", "only the keys of this algorithm, such as ES256"},
    {"now", NULL, "even if the next key is younger than key.min_age: relying parties may meet an unknown key"},
    {NULL, NULL, NULL}};

const struct flag key_create_flags[] = {{"yes", NULL, "every sub may become another: I have read the above"},
                                        {NULL, NULL, NULL}};

static const char *const states[] = {[KEY_NEXT] = "next", [KEY_ACTIVE] = "active", [KEY_RETIRED] = "retired"};

static void add_json(struct buf *out, const struct ring_key_info *key)
{
    buf_char(out, '{');
    buf_json_str(out, "kid", key->kid);
    buf_json_str(out, "alg", str_of(jose_alg_name(key->alg)));
    buf_json_str(out, "state", str_of(states[key->state]));
    buf_json_int(out, "created_at", key->created_at);
    if (key->activated_at > 0)
        buf_json_int(out, "activated_at", key->activated_at);
    if (key->retired_at > 0)
        buf_json_int(out, "retired_at", key->retired_at);
    if (key->drop_at > 0)
        buf_json_int(out, "drop_at", key->drop_at);
    buf_char(out, '}');
}

static void print_keys(struct command *command, const struct key_ring *ring)
{
    struct ring_key_info *keys;
    size_t count = ring_list(ring, command->arena, &keys);
    if (command->json) {
        struct buf json = buf_new(command->arena, 1024);
        buf_char(&json, '[');
        for (size_t i = 0; i < count; i++) {
            if (i > 0)
                buf_char(&json, ',');
            add_json(&json, &keys[i]);
        }
        buf_char(&json, ']');
        command_print(buf_str(&json));
        return;
    }
    printf("%-43s  %-12s  %-8s  %-20s  %s\n", "KID", "ALG", "STATE", "CREATED", "LEAVES THE KEY SET");
    for (size_t i = 0; i < count; i++)
        printf("%-43.*s  %-12s  %-8s  %.*s  %.*s\n", STR_FMT(keys[i].kid), jose_alg_name(keys[i].alg),
               states[keys[i].state], STR_FMT(command_time(command->arena, keys[i].created_at)),
               STR_FMT(command_time(command->arena, keys[i].drop_at)));
}

static void close_file(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* Takes the lock that a server holds, if there ever was one. False, and told, while one runs: it would take up the new
 * ring at once. */
static bool lock_out_server(struct command *command, int *lock)
{
    const char *path = arena_printf(command->arena, "%.*s/serve.lock", STR_FMT(command->settings.data)).p;
    *lock = open(path, O_RDWR | O_CLOEXEC);
    if (*lock < 0 && errno != ENOENT)
        return command_fails("%s can't be opened: %s", path, strerror(errno)) == DONE;
    if (*lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) != 0)
        return command_fails("a server runs on these data: stop it first") == DONE;
    return true;
}

int key_create_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    if (!command_has(command, "yes"))
        return command_misused("with a new key ring every resident is a stranger to every relying party: read `konsao "
                               "key create --help`, then say --yes");
    CLEANUP(close_file) int lock = -1;
    if (!lock_out_server(command, &lock) || !estate_open_with_new_ring(command, &estate))
        return FAILED;
    struct store_op op = estate_audit(command, "key.create", STR_NONE, STR("every subject may be another"));
    if (!estate_write(&estate, &op, 1))
        return command_fails("the key ring is made, but the audit record does not say so");
    print_keys(command, estate.ring);
    return DONE;
}

int key_list_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    if (!estate_open(command, false, &estate))
        return FAILED;
    print_keys(command, estate.ring);
    return DONE;
}

int key_rotate_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    char error[512] = "";
    str name = command_value(command, "alg");
    enum jose_alg alg = name.p ? jose_alg_of(name) : ALG_NONE_GIVEN;
    int64_t min_age = command_has(command, "now") ? 0 : command->settings.key_min_age;
    if (name.p && alg == ALG_NONE_GIVEN)
        alg = jose_encryption_alg_of(name);
    if (name.p && alg == ALG_NONE_GIVEN)
        return command_misused("--alg must be ES256, RS256, PS256, EdDSA, ECDH-ES or RSA-OAEP-256");
    if (!estate_open(command, false, &estate))
        return FAILED;
    if (!ring_rotate(estate.ring, alg, command->settings.key_keep, min_age, error, sizeof error))
        return command_fails("%s", error);
    struct store_op op = estate_audit(command, "key.rotate", STR_NONE,
                                      name.p ? name : STR("all algorithms")); /* the ring is no record of the store */
    if (!estate_write(&estate, &op, 1))
        return command_fails("the keys are rotated, but the audit record does not say so");
    print_keys(command, estate.ring);
    return DONE;
}
