#ifndef ADZE_COMMANDS_DOCTOR_H
#define ADZE_COMMANDS_DOCTOR_H

#include "commands/examine.h"

/* doctor_html.c: one page with a plot of each layer; it needs nothing from elsewhere. False after an error. */
bool doctor_html(Command *c, const Health *h, const char *path);

#endif
