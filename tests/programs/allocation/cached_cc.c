/* cached_cc COMPILER ARGUMENTS...: what the compiler made of these arguments once, without the folders in them, is made
 * again by links: the files in $CC_CACHE. So a test may build the same program a thousand times. */
#define _DEFAULT_SOURCE
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The object, and what gcc writes beside it about its stack. */
static const char *const suffixes[] = {"", ".ci", ".su"};

static void beside(char *to, size_t size, const char *object, const char *suffix)
{
    size_t n = strlen(object);
    if (*suffix && n > 2 && strcmp(object + n - 2, ".o") == 0)
        n -= 2;
    snprintf(to, size, "%.*s%s", (int)n, object, suffix);
}

static int run(char **argv)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

int main(int argc, char **argv)
{
    const char *object = NULL, *cache = getenv("CC_CACHE");
    uint64_t key = 14695981039346656037u;
    char kept[1024], made[1024];
    for (int i = 1; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        for (const char *c = slash ? slash + 1 : argv[i]; *c; c++)
            key = (key ^ (unsigned char)*c) * 1099511628211u;
        key *= 1099511628211u;
        if (strcmp(argv[i], "-o") == 0)
            object = argv[i + 1];
    }
    if (!object || !cache || argc < 2)
        return run(argv + 1);
    snprintf(kept, sizeof kept, "%s/%016llx", cache, (unsigned long long)key);
    int status = access(kept, R_OK) == 0 ? 0 : run(argv + 1);
    for (size_t i = 0; status == 0 && i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(kept, sizeof kept, "%s/%016llx%s", cache, (unsigned long long)key, suffixes[i]);
        beside(made, sizeof made, object, suffixes[i]);
        if (access(made, R_OK) == 0)
            link(made, kept);
        else
            link(kept, made);
    }
    return status;
}
