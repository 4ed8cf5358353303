#ifndef ADZE_VERSION_H
#define ADZE_VERSION_H
#define ADZE_VERSION "0.1.0"
#endif
