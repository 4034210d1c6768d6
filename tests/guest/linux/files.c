/* Files: open modes, status, links, directories, descriptors, locks, vectors, extended attributes, holes. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "check.h"

static void show_stat(const char *path)
{
    struct stat st;

    SHOW(stat(path, &st));
    printf("mode %o links %ld size %ld blksize %ld blocks %ld\n", st.st_mode, (long)st.st_nlink, (long)st.st_size,
        (long)st.st_blksize, (long)st.st_blocks);
    printf("times %d %d %d\n", st.st_mtim.tv_sec > 1600000000, st.st_mtim.tv_nsec < 1000000000, st.st_uid == getuid());
}

static void modes_and_links(void)
{
    char buf[64] = "";
    int fd;

    umask(027);
    fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0666);
    SHOW(fd);
    SHOW(open("a", O_RDWR | O_CREAT | O_EXCL, 0666));
    SHOW(write(fd, "0123456789", 10));
    SHOW(pread(fd, buf, 4, 3));
    SHOW_STR(buf);
    show_stat("a");
    SHOW(link("a", "b"));
    SHOW(symlink("a", "s"));
    memset(buf, 0, sizeof(buf));
    SHOW(readlink("s", buf, sizeof(buf)));
    SHOW_STR(buf);
    SHOW(open("s", O_RDONLY | O_NOFOLLOW));
    SHOW(open("a", O_RDONLY | O_DIRECTORY));
    show_stat("b");
    SHOW(chmod("a", 0400));
    show_stat("a");
    SHOW(rename("b", "c"));
    SHOW(access("b", F_OK));
    SHOW(unlink("c"));
    SHOW(utimensat(AT_FDCWD, "a", (struct timespec[2]){{1000, 1}, {1600000001, 2}}, 0));
    SHOW(truncate("nowhere", 3));
    SHOW(ftruncate(fd, 4));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(fallocate(fd, 0, 0, 8192));
    SHOW(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND));
    SHOW(fcntl(fd, F_SETFL, O_APPEND));
    SHOW(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND));
    SHOW(close(fd));
    SHOW(close(fd));
    SHOW(syscall(SYS_openat, AT_FDCWD, (char *)1, O_RDONLY));
}

static void directories(void)
{
    struct dirent *e;
    int n = 0, dots = 0;
    DIR *d;

    SHOW(mkdir("dir", 0755));
    SHOW(mkdir("dir", 0755));
    for (int i = 0; i < 200; i++) {
        char name[32];

        snprintf(name, sizeof(name), "dir/file-%d", i);
        close(open(name, O_WRONLY | O_CREAT, 0644));
    }
    d = opendir("dir");
    while ((e = readdir(d)) != NULL) {
        n += e->d_type == DT_REG;
        dots += e->d_name[0] == '.';
    }
    closedir(d);
    printf("%d files, %d dots\n", n, dots);
    SHOW(rmdir("dir"));
    SHOW(chdir("dir"));
    SHOW_STR(getcwd(NULL, 0) ? strrchr(getcwd(NULL, 0), '/') : "?");
    SHOW(chdir(".."));
}

static void descriptors(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};
    int fd = open("f", O_RDWR | O_CREAT, 0600), copy, pipes[2];

    SHOW(dup(fd) == fd + 1);
    SHOW(dup2(fd, 20));
    SHOW(dup3(fd, fd, 0));
    SHOW(dup3(fd, 21, O_CLOEXEC));
    SHOW(fcntl(21, F_GETFD));
    SHOW(fcntl(fd, F_DUPFD, 30));
    SHOW(fcntl(fd, F_SETLK, &lock));
    SHOW(flock(fd, LOCK_EX | LOCK_NB));
    copy = open("f", O_RDWR);
    SHOW(flock(copy, LOCK_EX | LOCK_NB));
    SHOW(fcntl(copy, F_OFD_SETLK, &(struct flock){.l_type = F_WRLCK, .l_start = 12, .l_len = 1}));
    SHOW(close_range(20, ~0u, 0));
    SHOW(fcntl(21, F_GETFD));
    SHOW(close_range(9, 3, 0));
    SHOW(pipe2(pipes, O_NONBLOCK));
    SHOW(read(pipes[0], &copy, 1));
    SHOW(fcntl(pipes[0], F_SETPIPE_SZ, 4096));
    SHOW(fcntl(pipes[0], F_GETPIPE_SZ));
}

static void vectors_and_copies(void)
{
    char a[4] = "", b[8] = "";
    struct iovec out[2] = {{"hello ", 6}, {"world", 5}}, in[2] = {{a, 3}, {b, 7}};
    int from = open("v", O_RDWR | O_CREAT | O_TRUNC, 0600), to = open("w", O_RDWR | O_CREAT | O_TRUNC, 0600), p[2];
    off_t at = 6;

    SHOW(writev(from, out, 2));
    SHOW(preadv(from, in, 2, 1));
    SHOW_STR(a);
    SHOW_STR(b);
    SHOW(pwritev2(from, out, 1, 20, 0));
    SHOW(sendfile(to, from, &at, 5));
    SHOW(at);
    at = 0;
    SHOW(copy_file_range(from, &at, to, NULL, 5, 0));
    SHOW(pipe(p));
    SHOW(splice(from, &(off_t){0}, p[1], NULL, 11, 0));
    memset(b, 0, sizeof(b));
    SHOW(read(p[0], b, 7));
    SHOW_STR(b);
    SHOW(readv(from, (struct iovec *)8, 1));
    SHOW(write(to, (char *)8, 1));
}

static void others(void)
{
    char value[16] = "";
    struct statfs fs;
    struct statx sx;
    int fd = memfd_create("m", MFD_ALLOW_SEALING), in = inotify_init1(IN_NONBLOCK);
    char event[256];

    SHOW(setxattr("f", "user.k", "value", 5, 0) == 0 || errno == EOPNOTSUPP);
    SHOW(getxattr("f", "user.none", value, sizeof(value)));
    SHOW(statfs(".", &fs));
    SHOW(fs.f_bsize);
    SHOW(statx(AT_FDCWD, "f", 0, STATX_ALL, &sx));
    SHOW(sx.stx_mode);
    SHOW(ftruncate(fd, 100));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    SHOW(ftruncate(fd, 10));
    SHOW(inotify_add_watch(in, ".", IN_CREATE));
    close(open("new", O_CREAT | O_WRONLY, 0600));
    SHOW(read(in, event, sizeof(event)));
    SHOW_STR(((struct inotify_event *)event)->name);
    SHOW(faccessat(AT_FDCWD, "f", X_OK, AT_EACCESS) == 0 || errno == EACCES);
    SHOW(mkfifo("fifo", 0600));
    SHOW(open("fifo", O_WRONLY | O_NONBLOCK));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "new", 1));
}

int main(void)
{
    char dir[] = "/tmp/lodge-files-XXXXXX";

    if (!mkdtemp(dir) || chdir(dir))
        return 1;
    modes_and_links();
    directories();
    descriptors();
    vectors_and_copies();
    others();
    return 0;
}
