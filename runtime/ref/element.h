/* ref/element.h: elements by size, for kernels that move data without looking at it. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_ELEMENT_H
#define ADZE_REF_ELEMENT_H

#include "adze.h"

#if defined(__GNUC__)
#define ADZE_MAY_ALIAS __attribute__((may_alias)) /* these read and write float arrays as well */
#else
#define ADZE_MAY_ALIAS
#endif
typedef uint8_t adze_element_1;
typedef uint16_t ADZE_MAY_ALIAS adze_element_2;
typedef uint32_t ADZE_MAY_ALIAS adze_element_4;
typedef uint64_t ADZE_MAY_ALIAS adze_element_8;

#endif
