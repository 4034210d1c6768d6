/* vm_int.h - inside the vm room.
 */
#ifndef LODGE_VM_INT_H
#define LODGE_VM_INT_H

#include <stdbool.h>
#include <sys/types.h>

#include "vm/vm.h"

/* ---- idmap.c: begin before the user namespace is made, finish in it (made: it was). 0 or a negative errno. ---- */
struct vm_idmap {
    int go;      /* owned: tells the child to map */
    pid_t child; /* -1: none, there are no subordinate ids */
    uid_t uid;   /* the caller's, outside */
    gid_t gid;
};
int vm_idmap_begin(struct vm_idmap *m, struct err *err);
int vm_idmap_finish(struct vm_idmap *m, bool made, struct err *err);

#endif
