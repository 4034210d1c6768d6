/* System V and POSIX IPC; what the system says of itself. */
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "check.h"

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

static void semaphores(void)
{
    int id = semget(IPC_PRIVATE, 3, 0600);
    struct semid_ds ds;
    unsigned short values[3] = {5, 6, 7}, got[3];
    struct sembuf op = {1, -2, IPC_NOWAIT}, none = {0, -50, IPC_NOWAIT};

    SHOW(semctl(id, 0, SETALL, (union semun){.array = values}));
    SHOW(semctl(id, 0, GETALL, (union semun){.array = got}));
    printf("%d %d %d\n", got[0], got[1], got[2]);
    SHOW(semop(id, &op, 1));
    SHOW(semctl(id, 1, GETVAL));
    SHOW(semop(id, &none, 1));
    SHOW(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}));
    SHOW(ds.sem_nsems);
    SHOW(ds.sem_perm.mode);
    SHOW(ds.sem_ctime > 1600000000 && ds.sem_otime > 1600000000);
    ds.sem_perm.mode = 0640;
    SHOW(semctl(id, 0, IPC_SET, (union semun){.buf = &ds}));
    SHOW(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}));
    SHOW(ds.sem_perm.mode);
    SHOW(semctl(id, 0, IPC_RMID));
    SHOW(semctl(id, 1, GETVAL) == -1 && (errno == EINVAL || errno == EIDRM));
}

static void messages(void)
{
    struct {
        long type;
        char text[16];
    } m = {3, "message"};
    int id = msgget(IPC_PRIVATE, 0600);
    struct msqid_ds ds;

    SHOW(msgsnd(id, &m, 8, 0));
    memset(&m, 0, sizeof(m));
    SHOW(msgctl(id, IPC_STAT, &ds));
    SHOW(ds.msg_qnum);
    SHOW(msgrcv(id, &m, sizeof(m.text), -5, 0));
    SHOW(m.type);
    SHOW_STR(m.text);
    SHOW(msgrcv(id, &m, sizeof(m.text), 0, IPC_NOWAIT));
    SHOW(msgctl(id, IPC_RMID, NULL));
}

static void shared_memory(void)
{
    int id = shmget(IPC_PRIVATE, 8192, 0600);
    struct shmid_ds ds;
    char *a = shmat(id, NULL, 0), *b = shmat(id, NULL, SHM_RDONLY);

    SHOW(a != (void *)-1 && b != (void *)-1 && a != b);
    strcpy(a, "shared");
    SHOW_STR(b);
    SHOW(shmctl(id, IPC_STAT, &ds));
    SHOW(ds.shm_segsz);
    SHOW(ds.shm_nattch);
    SHOW(shmdt(a));
    SHOW(shmdt(b));
    SHOW(shmdt(b));
    SHOW(shmctl(id, IPC_RMID, NULL));
}

static void queue(void)
{
    struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 16};
    char name[32], text[16] = "";
    unsigned prio;
    mqd_t q;

    snprintf(name, sizeof(name), "/lodge-%d", getpid());
    q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
    SHOW(q != (mqd_t)-1);
    SHOW(mq_send(q, "low", 4, 1));
    SHOW(mq_send(q, "high", 5, 9));
    SHOW(mq_getattr(q, &attr));
    SHOW(attr.mq_curmsgs);
    SHOW(mq_receive(q, text, sizeof(text), &prio));
    SHOW_STR(text);
    SHOW(prio);
    SHOW(mq_unlink(name));
}

int main(void)
{
    struct utsname u;
    struct sysinfo info;
    char bytes[16] = "";

    semaphores();
    messages();
    shared_memory();
    queue();
    SHOW(uname(&u));
    SHOW_STR(u.sysname);
    SHOW(sysinfo(&info));
    SHOW(info.totalram > 0 && info.mem_unit > 0);
    SHOW(getrandom(bytes, sizeof(bytes), 0));
    SHOW(getrandom(bytes, 1, 0x8000));
    return 0;
}
