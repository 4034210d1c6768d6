/* text_int.h - words of the text form, known to printer and parser. A table ends with NULL; holes are "". */
#ifndef LODGE_IR_TEXT_INT_H
#define LODGE_IR_TEXT_INT_H

extern const char *const ir_round_words[];
extern const char *const ir_rmw_words[];
extern const char *const ir_space_words[];
extern const char *const ir_exit_words[];
extern const char *const ir_ind_words[];
extern const char *const ir_fence_words[]; /* by bit */

#endif
