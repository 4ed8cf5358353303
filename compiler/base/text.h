/* Questions about texts that several folders ask. */
#ifndef ADZE_BASE_TEXT_H
#define ADZE_BASE_TEXT_H

#include "base/arena.h"

#include <stdbool.h>

bool text_ends_with(const char *text, const char *end);
const char *text_upper(Arena *a, const char *text); /* ASCII: "kws" -> "KWS" */

#endif
