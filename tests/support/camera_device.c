/* A camera of Video for Linux, put before the C library with LD_PRELOAD: who opens the path in CAMERA
   gets buffers to map into memory, filled thirty times a second, as from a driver.

   CAMERA_JPEG: a picture to send as Motion JPEG; raw YUYV pictures, each of its own grey, without it.
   CAMERA_FRAMES: after so many the device is gone (ENODEV) until it is opened again. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WIDTH 320
#define HEIGHT 256
#define SIZE (WIDTH * HEIGHT * 2)
#define BUFFERS 8

static int device = -1, queue[BUFFERS], waiting, given;
static char *jpeg;
static long jpeg_size;
static struct timespec next;

static int is_ours(const char *path) {
    const char *name = getenv("CAMERA");
    return name && path && !strcmp(name, path);
}

static int plug(void) {
    const char *file = getenv("CAMERA_JPEG");
    if (file && !jpeg) {
        FILE *f = fopen(file, "rb");
        jpeg = malloc(SIZE);
        jpeg_size = fread(jpeg, 1, SIZE, f);
        fclose(f);
    }
    device = memfd_create("camera", 0);
    if (ftruncate(device, (off_t)SIZE * BUFFERS)) abort();
    waiting = given = 0;
    clock_gettime(CLOCK_MONOTONIC, &next);
    return device;
}

int open(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    if (!real) real = dlsym(RTLD_NEXT, "open");
    return is_ours(path) ? plug() : real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    if (!real) real = dlsym(RTLD_NEXT, "open64");
    return is_ours(path) ? plug() : real(path, flags, mode);
}

int close(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "close");
    if (fd == device) device = -1;
    return real(fd);
}

static int refuse(int why) { errno = why; return -1; }

static void format(struct v4l2_format *f) {
    f->fmt.pix.width = WIDTH;
    f->fmt.pix.height = HEIGHT;
    f->fmt.pix.pixelformat = jpeg ? V4L2_PIX_FMT_MJPEG : V4L2_PIX_FMT_YUYV;
    f->fmt.pix.field = V4L2_FIELD_NONE;
    f->fmt.pix.bytesperline = WIDTH * 2;
    f->fmt.pix.sizeimage = SIZE;
}

static int take(struct v4l2_buffer *b) {
    const char *last = getenv("CAMERA_FRAMES");
    if (last && given >= atoi(last)) return refuse(ENODEV);
    next.tv_nsec += 33000000;
    if (next.tv_nsec >= 1000000000) { next.tv_sec++; next.tv_nsec -= 1000000000; }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    while (!waiting) usleep(1000);
    int index = queue[0];
    memmove(queue, queue + 1, sizeof(int) * --waiting);
    if (jpeg) {
        if (pwrite(device, jpeg, jpeg_size, (off_t)SIZE * index) < 0) return refuse(EIO);
    } else {
        static unsigned char picture[SIZE];
        memset(picture, 16 + given % 200, SIZE);
        if (pwrite(device, picture, SIZE, (off_t)SIZE * index) < 0) return refuse(EIO);
    }
    b->index = index;
    b->bytesused = jpeg ? jpeg_size : SIZE;
    b->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    b->timestamp.tv_sec = next.tv_sec;
    b->timestamp.tv_usec = next.tv_nsec / 1000;
    given++;
    return 0;
}

int ioctl(int fd, unsigned long request, ...) {
    static int (*real)(int, unsigned long, ...);
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (!real) real = dlsym(RTLD_NEXT, "ioctl");
    if (fd < 0 || fd != device) return real(fd, request, argument);
    struct v4l2_buffer *b = argument;
    switch ((uint32_t)request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *c = argument;
        memset(c, 0, sizeof *c);
        c->capabilities = c->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    }
    case VIDIOC_G_INPUT: *(int *)argument = 0; return 0;
    case VIDIOC_ENUMINPUT: return 0;
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT: format(argument); return 0;
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_streamparm *p = argument;
        p->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        p->parm.capture.timeperframe.numerator = 1;
        p->parm.capture.timeperframe.denominator = 30;
        return 0;
    }
    case VIDIOC_REQBUFS: ((struct v4l2_requestbuffers *)argument)->count = BUFFERS; return 0;
    case VIDIOC_QUERYBUF: b->length = SIZE; b->m.offset = SIZE * b->index; return 0;
    case VIDIOC_QBUF: queue[waiting++] = b->index; return 0;
    case VIDIOC_DQBUF: return take(b);
    case VIDIOC_STREAMON:
    case VIDIOC_STREAMOFF: return 0;
    default: return refuse(EINVAL);
    }
}
