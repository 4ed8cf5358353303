/* Files: read whole, write whole, temporary folders that never outlive the process. All report through Diag. */
#ifndef ADZE_BASE_IO_H
#define ADZE_BASE_IO_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const void *data; /* read-only; followed by at least one zero byte only when !mapped */
    size_t size;
    bool mapped;
} FileBytes;

/* Maps a regular file (directories, FIFOs and unreadable files are errors); lives until the process ends or
 * io_unmap. An empty file gives size 0. */
bool io_map(Diag *d, const char *path, FileBytes *out);
void io_unmap(FileBytes *f);
/* The pages of a mapped file that lie wholly in these bytes are given back to the system: memory shrinks, and who reads
 * them again gets the file's bytes. Does nothing where f is not mapped or the bytes are not of f. */
void io_give_back(const FileBytes *f, const void *p, size_t bytes);
bool io_write(Diag *d, const char *path, const void *data, size_t size);
/* Leaves the file alone (and its mtime) when it holds these bytes already. */
bool io_write_if_changed(Diag *d, const char *path, const void *data, size_t size);
bool io_exists(const char *path);
bool io_is_dir(const char *path);
bool io_make_dir(Diag *d, const char *path); /* with parents; fine when it exists */
void io_remove_tree(const char *path);       /* follows no links; silent when absent */
const char *io_join(Arena *a, const char *dir, const char *name);
const char *io_stem(Arena *a, const char *path); /* "dir/kws.onnx" -> "kws" */
const char *io_dirname(Arena *a, const char *path);
/* Names in a folder, sorted bytewise, without . and .. */
typedef ARRAY(const char *) NameList;
bool io_list(Arena *a, Diag *d, const char *path, NameList *out);
/* A new private folder below `parent` (or $TMPDIR, or /tmp, when NULL), removed at exit and when a signal (SIGINT,
 * SIGTERM, SIGHUP, SIGQUIT, SIGPIPE) ends the process, unless io_keep_temp was called. */
const char *io_temp_dir(Arena *a, Diag *d, const char *parent, const char *prefix);
void io_keep_temp(const char *path);
/* One beside `dir`, made with its parents: what io_replace_dir puts in its place. */
const char *io_stage_dir(Arena *a, Diag *d, const char *dir);
/* Puts the finished temporary folder `temp` in the place of `dir`: afterwards dir holds the new files or, on
 * failure, exactly the old ones. Files that did not change keep their time; where nothing changed nothing is touched.
 */
bool io_replace_dir(Diag *d, const char *temp, const char *dir);

#endif
