/* Files and what is read and waited for like files: flags, times, directories, locks, polling, event descriptors,
 * terminals. */
#include "guest.h"
#include <dirent.h>
#include <ftw.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <termios.h>

static char folder[] = "/tmp/guest-XXXXXX";

static void opening(void)
{
    struct stat st;
    struct statx stx;
    int fd = open("file", O_CREAT | O_EXCL | O_RDWR, 0640);
    ok(fd >= 0 && open("file", O_CREAT | O_EXCL | O_RDWR, 0600) < 0 && errno == EEXIST, "O_EXCL");
    umask(027);
    int masked = open("masked", O_CREAT | O_WRONLY, 0666);
    ok(!fstat(masked, &st) && (st.st_mode & 07777) == 0640, "the umask");
    close(masked);
    need(!symlink("file", "link"), "symlink");
    ok(open("link", O_RDONLY | O_NOFOLLOW) < 0 && errno == ELOOP, "O_NOFOLLOW");
    ok(open("file", O_RDONLY | O_DIRECTORY) < 0 && errno == ENOTDIR, "O_DIRECTORY");
    int path = open("link", O_PATH | O_NOFOLLOW);
    ok(!fstat(path, &st) && S_ISLNK(st.st_mode) && st.st_size == 4, "O_PATH of a link");
    close(path);
    int temporary = open(".", O_TMPFILE | O_RDWR, 0600);
    ok(temporary >= 0 && !fstat(temporary, &st) && st.st_nlink == 0, "O_TMPFILE");
    close(temporary);
    int more = open("file", O_WRONLY | O_APPEND);
    ok(write(fd, "one", 3) == 3 && write(more, "two", 3) == 3 && !fstat(fd, &st) && st.st_size == 6, "O_APPEND");
    ok((fcntl(more, F_GETFL) & (O_APPEND | O_ACCMODE)) == (O_APPEND | O_WRONLY), "F_GETFL gives it back");
    ok(!fcntl(more, F_SETFL, O_NONBLOCK | O_APPEND) && (fcntl(more, F_GETFL) & O_NONBLOCK), "F_SETFL");
    close(more);
    struct timespec times[2] = {{1000000000, 123456789}, {1500000000, 987654321}};
    ok(!futimens(fd, times) && !stat("link", &st) && st.st_mtim.tv_sec == 1500000000 && st.st_mtim.tv_nsec == 987654321,
        "times to the nanosecond");
    ok(!statx(AT_FDCWD, "file", 0, STATX_ALL, &stx) && stx.stx_size == 6 && stx.stx_ino == st.st_ino &&
            stx.stx_mtime.tv_nsec == 987654321,
        "statx says the same");
    struct statfs fs;
    ok(!statfs(".", &fs) && fs.f_bsize > 0 && fs.f_blocks > 0, "statfs");
    ok(!fchmod(fd, 04755) && !fstat(fd, &st) && (st.st_mode & 07777) == 04755, "fchmod");
    ok(access("file", R_OK | X_OK) == 0 && access("none", F_OK) < 0 && errno == ENOENT, "access");
    close(fd);
}

static void content(void)
{
    char text[64] = "";
    int fd = open("content", O_CREAT | O_RDWR, 0600), other = open("other", O_CREAT | O_RDWR, 0600), ends[2];
    need(fd >= 0 && other >= 0 && !pipe(ends), "open");
    struct iovec parts[3] = {{"ab", 2}, {"", 0}, {"cde", 3}};
    struct iovec into[2] = {{text, 1}, {text + 10, 4}};
    ok(writev(fd, parts, 3) == 5 && preadv(fd, into, 2, 0) == 5 && text[0] == 'a' && !memcmp(text + 10, "bcde", 4),
        "vectors");
    ok(pwrite(fd, "zz", 2, 100000) == 2 && lseek(fd, 0, SEEK_CUR) == 5, "pwrite leaves the position");
    ok(lseek(fd, 0, SEEK_DATA) == 0 && lseek(fd, 0, SEEK_END) == 100002, "lseek");
    ok(!ftruncate(fd, 3) && pread(fd, text, 10, 0) == 3, "ftruncate");
    off_t at = 1;
    ok(sendfile(other, fd, &at, 10) == 2 && at == 3, "sendfile");
    ok(lseek(fd, 0, SEEK_SET) == 0 && splice(fd, NULL, ends[1], NULL, 3, 0) == 3, "splice");
    int waiting = 0;
    ok(!ioctl(ends[0], FIONREAD, &waiting) && waiting == 3 && read(ends[0], text, 9) == 3, "FIONREAD");
    ok(!fallocate(other, 0, 0, 5000) && lseek(other, 0, SEEK_END) == 5000, "fallocate");
    int copy = dup3(fd, 77, O_CLOEXEC);
    ok(copy == 77 && fcntl(77, F_GETFD) == FD_CLOEXEC && lseek(77, 2, SEEK_SET) == 2 && lseek(fd, 0, SEEK_CUR) == 2,
        "dup3");
    close(77);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 2};
    int again = open("content", O_RDWR);
    ok(!fcntl(fd, F_OFD_SETLK, &lock) && fcntl(again, F_OFD_SETLK, &lock) < 0 && errno == EAGAIN,
        "a lock of an open file");
    struct flock asked = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    ok(!fcntl(again, F_OFD_GETLK, &asked) && asked.l_start == 1 && asked.l_len == 2, "who holds it");
    ok(!flock(other, LOCK_EX), "flock");
    int memory = memfd_create("sealed", MFD_ALLOW_SEALING);
    ok(!fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE) && write(memory, "x", 1) < 0 && errno == EPERM, "a sealed memfd");
    close(memory), close(again), close(fd), close(other), close(ends[0]), close(ends[1]);
}

static void directories(void)
{
    char name[32], where[4096];
    int found = 0;
    bool seen[300] = {false};
    need(!mkdir("many", 0700), "mkdir");
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "many/entry-%d", i);
        close(open(name, O_CREAT | O_WRONLY, 0600));
    }
    DIR *dir = opendir("many");
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        int i;
        if (sscanf(entry->d_name, "entry-%d", &i) == 1 && i < 300 && entry->d_type == DT_REG && !seen[i])
            found += seen[i] = true;
    }
    ok(found == 300, "a directory of 300 entries, each once");
    rewinddir(dir);
    long second = (readdir(dir), telldir(dir));
    struct dirent *a = readdir(dir);
    ino_t ino = a->d_ino;
    seekdir(dir, second);
    ok(readdir(dir)->d_ino == ino, "seekdir");
    closedir(dir);
    ok(rmdir("many") < 0 && errno == ENOTEMPTY, "rmdir of a full one");
    ok(!rename("many/entry-0", "many/entry-1") && access("many/entry-0", F_OK) < 0, "rename over");
    ok(renameat2(AT_FDCWD, "many/entry-1", AT_FDCWD, "many/entry-2", RENAME_NOREPLACE) < 0 && errno == EEXIST,
        "not over");
    ok(!link("many/entry-1", "hard") && !unlinkat(AT_FDCWD, "hard", 0), "link and unlink");
    ok(readlink("link", where, sizeof where) == 4 && !memcmp(where, "file", 4), "readlink");
    ok(!chdir("many") && getcwd(where, sizeof where) && !strcmp(where + strlen(folder), "/many") && !chdir(".."),
        "getcwd");
}

static void waiting(void)
{
    int ends[2], epoll = epoll_create1(EPOLL_CLOEXEC), event = eventfd(3, EFD_NONBLOCK);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    uint64_t value = 0;
    need(!pipe(ends) && epoll >= 0 && event >= 0 && timer >= 0, "set-up");
    struct epoll_event one = {EPOLLIN, {.u64 = 0x1122334455667788u}}, two = {EPOLLOUT, {.u64 = 0x99aabbccddeeff00u}},
                       got[4];
    ok(!epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &one) && !epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &two), "epoll_ctl");
    ok(epoll_wait(epoll, got, 4, 0) == 1 && got[0].data.u64 == two.data.u64 && got[0].events == EPOLLOUT,
        "one is ready");
    need(write(ends[1], "x", 1) == 1, "write");
    ok(epoll_wait(epoll, got, 4, 1000) == 2 && got[0].data.u64 + got[1].data.u64 == one.data.u64 + two.data.u64,
        "then both");
    ok(read(event, &value, 8) == 8 && value == 3 && read(event, &value, 8) < 0 && errno == EAGAIN, "eventfd");
    struct itimerspec soon = {{0, 5000000}, {0, 5000000}};
    timerfd_settime(timer, 0, &soon, NULL);
    usleep(30000);
    ok(read(timer, &value, 8) == 8 && value >= 4, "timerfd counts");
    struct pollfd polled[3] = {{ends[0], POLLIN, 0}, {event, POLLIN, 0}, {-1, POLLIN, 0}};
    ok(poll(polled, 3, 0) == 1 && polled[0].revents == POLLIN && !polled[1].revents, "poll");
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    FD_SET(event, &set);
    struct timeval none = {0, 0};
    ok(select(FD_SETSIZE, &set, NULL, NULL, &none) == 1 && FD_ISSET(ends[0], &set) && !FD_ISSET(event, &set), "select");
    sigset_t signals;
    struct signalfd_siginfo info;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int fd = signalfd(-1, &signals, 0);
    kill(getpid(), SIGUSR1);
    ok(read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR1 && info.ssi_pid == (uint32_t)getpid(),
        "signalfd");
    int watch = inotify_init1(0);
    char buffer[512];
    ok(inotify_add_watch(watch, ".", IN_CREATE) >= 0 && !mkdir("new", 0700) && read(watch, buffer, sizeof buffer) > 0 &&
            !strcmp(((struct inotify_event *)(void *)buffer)->name, "new"),
        "inotify");
    close(watch), close(fd), close(timer), close(event), close(epoll), close(ends[0]), close(ends[1]);
}

static void terminals(void)
{
    int leader = posix_openpt(O_RDWR | O_NOCTTY), follower;
    struct termios mode;
    struct winsize size = {33, 99, 0, 0}, got = {0};
    char text[16] = "";
    if (leader < 0) {
        printf("# no pseudo-terminals here\n");
        return;
    }
    need(!grantpt(leader) && !unlockpt(leader), "unlockpt");
    follower = open(ptsname(leader), O_RDWR | O_NOCTTY);
    ok(follower >= 0 && isatty(follower) && !isatty(dup(-1)), "a pseudo-terminal");
    ok(!ioctl(leader, TIOCSWINSZ, &size) && !ioctl(follower, TIOCGWINSZ, &got) && got.ws_row == 33 && got.ws_col == 99,
        "size");
    ok(!tcgetattr(follower, &mode) && (mode.c_lflag & ECHO) && cfgetospeed(&mode) == B38400, "its mode");
    mode.c_lflag &= (tcflag_t) ~(ECHO | ICANON);
    ok(!tcsetattr(follower, TCSANOW, &mode) && write(leader, "q", 1) == 1 && read(follower, text, 9) == 1,
        "changed: one key");
    ok(write(follower, "a\n", 2) == 2 && read(leader, text, 9) == 3 && !strcmp(text, "a\r\n"),
        "a line's end on its way out");
    close(leader), close(follower);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int main(void)
{
    guest_start();
    need(mkdtemp(folder) && !chdir(folder), "a folder");
    opening();
    content();
    directories();
    waiting();
    terminals();
    need(!chdir("/") && !nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), "clean up");
    return guest_end();
}
