#include "operator/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct flag common_flags[] = {
    {"config", "FILE", "settings file (or KONSAO_CONFIG)"},
    {"data", "FOLDER", "setting data"},
    {"issuer", "URL", "setting issuer"},
    {"port", "NUMBER", "setting listen.port"},
    {"set", "KEY=VALUE", "any setting; see `konsao check --defaults`"},
    {"help", NULL, "this text"},
};
#define OWN_FLAGS_MANY 24
static const struct flag json_flag = {"json", NULL, "print JSON, for programs"};

PRINTF_LIKE(1, 0) static void tell(const char *format, va_list args)
{
    fputs("konsao: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int command_fails(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(format, args);
    va_end(args);
    return FAILED;
}

int command_misused(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(format, args);
    va_end(args);
    return MISUSED;
}

bool command_has(const struct command *command, const char *flag)
{
    for (size_t i = 0; i < command->given_count; i++)
        if (strcmp(command->given[i].name, flag) == 0)
            return true;
    return false;
}

str command_value(const struct command *command, const char *flag)
{
    str value = STR_NONE;
    for (size_t i = 0; i < command->given_count; i++)
        if (strcmp(command->given[i].name, flag) == 0)
            value = command->given[i].value;
    return value;
}

bool command_read_file(struct arena *arena, const char *path, size_t max, str *out)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return command_fails("%s can't be read: %s", path, strerror(errno)) == DONE;
    char *bytes = arena_alloc(arena, max + 1);
    size_t n = fread(bytes, 1, max + 1, file);
    int error = ferror(file) ? errno : 0;
    fclose(file);
    if (error != 0)
        return command_fails("%s can't be read: %s", path, strerror(error)) == DONE;
    if (n > max)
        return command_fails("%s is larger than %zu bytes", path, max) == DONE;
    *out = (str){bytes, n};
    return true;
}

bool command_life(str text, int64_t unit, int64_t most, int64_t *out)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    uint64_t number;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (text.n > 0 && text.p[text.n - 1] == units[i].letter) {
            unit = units[i].seconds;
            text.n--;
            break;
        }
    if (!str_to_u64(text, (uint64_t)(most / unit), &number) || number == 0)
        return false;
    *out = (int64_t)number * unit;
    return true;
}

str command_time(struct arena *arena, int64_t seconds)
{
    char text[32];
    struct tm parts;
    time_t when = (time_t)seconds;
    if (seconds == 0)
        return STR("-");
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &parts));
    return arena_str(arena, str_of(text));
}

void command_print(str text)
{
    fwrite(text.p, 1, text.n, stdout);
    putchar('\n');
}

/* ---- help ---- */

static void print_flag(FILE *out, const struct flag *flag)
{
    char head[64];
    snprintf(head, sizeof head, "--%s%s%s", flag->name, flag->argument ? " " : "",
             flag->argument ? flag->argument : "");
    fprintf(out, "  %-36s %s\n", head, flag->text);
}

/* In one line, where a verb has so many flags of its own that all would not fit on a screen. */
static void print_common_names(void)
{
    fputs("  as every verb:", stdout);
    for (size_t i = 0; i < COUNT_OF(common_flags); i++)
        printf(" --%s%s%s", common_flags[i].name, common_flags[i].argument ? " " : "",
               common_flags[i].argument ? common_flags[i].argument : "");
    putchar('\n');
}

static void print_verb_help(const struct verb *verb)
{
    printf("konsao %s%s%s [flags]\n\n%s\n\n", verb->name, verb->operand ? " " : "", verb->operand ? verb->operand : "",
           verb->summary);
    size_t own = 0;
    for (const struct flag *flag = verb->flags; flag && flag->name; flag++, own++)
        print_flag(stdout, flag);
    if (verb->json)
        print_flag(stdout, &json_flag);
    if (own > OWN_FLAGS_MANY) {
        print_common_names();
        return;
    }
    for (size_t i = verb->plain ? COUNT_OF(common_flags) - 1 : 0; i < COUNT_OF(common_flags); i++)
        print_flag(stdout, &common_flags[i]);
}

/* What begins with `group`, all of it when that is NULL. */
static void print_verbs(FILE *out, const struct verb *verbs, const char *group)
{
    fputs("Konsao " KONSAO_VERSION ", sign-in for Cambodia's e-services.\n\n", out);
    for (const struct verb *verb = verbs; verb->name; verb++) {
        size_t n = group ? strlen(group) : 0;
        if (n > 0 && (strncmp(verb->name, group, n) != 0 || verb->name[n] != ' '))
            continue;
        char head[64];
        snprintf(head, sizeof head, "konsao %s%s%s", verb->name, verb->operand ? " " : "",
                 verb->operand ? verb->operand : "");
        fprintf(out, "  %-32s %.*s\n", head, (int)strcspn(verb->summary, ".:\n"), verb->summary);
    }
    fputs("\nEach has --help. Exit codes: 0 done, 1 failed, 2 misused.\n", out);
}

/* ---- arguments ---- */

/* The verb that the arguments begin with, and how many words it has. */
static const struct verb *find_verb(int argc, char **argv, const struct verb *verbs, int *words)
{
    for (const struct verb *verb = verbs; verb->name; verb++) {
        const char *space = strchr(verb->name, ' ');
        *words = space ? 2 : 1;
        size_t first = space ? (size_t)(space - verb->name) : strlen(verb->name);
        if (argc > *words && strlen(argv[1]) == first && strncmp(argv[1], verb->name, first) == 0 &&
            (!space || strcmp(argv[2], space + 1) == 0))
            return verb;
    }
    return NULL;
}

static bool is_group(const char *word, const struct verb *verbs)
{
    for (const struct verb *verb = verbs; verb->name; verb++)
        if (strncmp(verb->name, word, strlen(word)) == 0 && verb->name[strlen(word)] == ' ')
            return true;
    return false;
}

static void change_setting(struct command *command, str key, const char *value)
{
    command->changes[command->change_count++] = (struct setting_override){key, str_of(value)};
}

/* What a flag that every verb has does; false when it is not one of them. */
static bool take_common(struct command *command, const char *name, const char *value)
{
    static const char *const settings[][2] = {{"data", "data"}, {"issuer", "issuer"}, {"port", "listen.port"}};
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        if (strcmp(name, settings[i][0]) == 0) {
            change_setting(command, str_of(settings[i][1]), value);
            return true;
        }
    if (strcmp(name, "set") == 0) {
        str key, rest;
        str_cut(str_of(value), '=', &key, &rest);
        change_setting(command, key, rest.p ? rest.p : "");
    } else if (strcmp(name, "config") == 0) {
        command->config = value;
    } else if (strcmp(name, "json") == 0) {
        command->json = true;
    } else {
        return false;
    }
    return true;
}

static size_t add_option(struct option *options, size_t count, const struct flag *flag)
{
    options[count] = (struct option){flag->name, flag->argument ? required_argument : no_argument, NULL, 0};
    return count + 1;
}

static const struct option *options_of(struct arena *arena, const struct verb *verb)
{
    size_t own = 0, count = 0;
    while (verb->flags && verb->flags[own].name)
        own++;
    struct option *options = ARENA_ARRAY(arena, struct option, own + COUNT_OF(common_flags) + 2);
    for (size_t i = 0; i < own; i++)
        count = add_option(options, count, &verb->flags[i]);
    for (size_t i = verb->plain ? COUNT_OF(common_flags) - 1 : 0; i < COUNT_OF(common_flags); i++)
        count = add_option(options, count, &common_flags[i]);
    if (verb->json)
        add_option(options, count, &json_flag);
    return options;
}

/* Reads what stands after the verb. DONE, MISUSED, or -1: help was asked for. */
static int read_arguments(struct command *command, int argc, char **argv)
{
    const struct option *options = options_of(command->arena, command->verb);
    command->given = ARENA_ARRAY(command->arena, struct given_flag, (size_t)argc + 1);
    command->changes = ARENA_ARRAY(command->arena, struct setting_override, (size_t)argc + 1);
    int index, code;
    optind = 1;
    while ((code = getopt_long(argc, argv, "h", options, &index)) != -1) {
        if (code == 'h' || (code == 0 && strcmp(options[index].name, "help") == 0))
            return -1;
        if (code != 0)
            return MISUSED; /* getopt has said why */
        if (strcmp(options[index].name, "set") == 0 && !strchr(optarg, '='))
            return command_misused("--set takes KEY=VALUE, such as --set log.level=debug");
        if (!take_common(command, options[index].name, optarg))
            command->given[command->given_count++] = (struct given_flag){options[index].name, str_of(optarg)};
    }
    int wanted = command->verb->operand ? 1 : 0;
    if (argc - optind != wanted)
        return command_misused("%s takes %s%s; see --help", command->verb->name, wanted ? "one " : "nothing more",
                               wanted ? command->verb->operand : "");
    if (wanted)
        command->operand = str_of(argv[optind]);
    return DONE;
}

static int run(struct command *command, int argc, char **argv)
{
    str problems;
    command->config = getenv("KONSAO_CONFIG");
    if (command->config && !*command->config)
        command->config = NULL;
    int code = read_arguments(command, argc, argv);
    if (code == -1)
        print_verb_help(command->verb);
    if (code != DONE)
        return code == -1 ? DONE : code;
    if (!command->verb->plain && !settings_load(command->arena, command->config, command->changes,
                                                command->change_count, &command->settings, &problems)) {
        fprintf(stderr, "%.*s\n", STR_FMT(problems));
        return MISUSED;
    }
    return command->verb->run(command);
}

int command_run(int argc, char **argv, const struct verb *verbs)
{
    int words;
    const struct verb *verb = find_verb(argc, argv, verbs, &words);
    if (verb) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        struct command command = {.arena = arena, .verb = verb};
        argv[words] = arena_cstr(arena, arena_printf(arena, "konsao %s", verb->name));
        int code = run(&command, argc - words, argv + words);
        if (fflush(stdout) != 0 && code == DONE)
            code = command_fails("the output can't be written: %s", strerror(errno));
        return code;
    }
    bool help = argc > 1 && (strcmp(argv[argc - 1], "--help") == 0 || strcmp(argv[argc - 1], "-h") == 0);
    bool group = argc > 1 && is_group(argv[1], verbs);
    if (!help && group && argc > 2)
        command_misused("there is no \"%s %s\"", argv[1], argv[2]);
    else if (argc > 1 && !help && !group)
        command_misused("there is no \"%s\"", argv[1]);
    print_verbs(help ? stdout : stderr, verbs, group ? argv[1] : NULL);
    return help ? DONE : MISUSED;
}
