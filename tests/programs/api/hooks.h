/* Counts layers, and puts the weights into a section of its own. */
#ifndef HOOKS_H
#define HOOKS_H

extern int layers_begun, layers_ended;
extern const char *last_layer;

#define FIRST_LAYER_BEGIN(index, name) (layers_begun += (index) == layers_begun)
#define FIRST_LAYER_END(index, name) (layers_ended += (index) == layers_ended, last_layer = (name))
#define FIRST_WEIGHTS_ATTRIBUTE __attribute__((section(".external_flash"), aligned(32)))

#endif
