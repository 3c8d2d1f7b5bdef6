/*
 * The limit: what is left of a server when nothing but the writing of one frame to every connection is left.
 *
 *   broadcaster --count N [--processes 2] [--delay-ms 0] [--spread-ms 100] [--seconds 600]
 *
 * Prints {"event":"listening","port":P}, then {"event":"sent","version":V,"at":NS} for each "go V BYTES" on standard
 * input: a frame of so many bytes with version V, written to every connection, by processes that each have a part of
 * them (one may have 20,000 descriptors at most). What clients send is read and thrown away.
 */
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_PROCESSES = 8, FRAME = 70000 };

struct part {
  int epoll_fd, wake_fd, listen_fd;
  int *fds;
  int count;
};

/* Seen by all processes. */
struct shared {
  size_t length;
  unsigned char bytes[FRAME];
};

static struct part parts[MOST_PROCESSES];
static struct shared *frame;
static long delay_ms, spread_ms, most;
static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static size_t make_frame(unsigned char *out, const char *content, size_t length) {
  size_t head = 0;
  out[head++] = 0x82;
  if (length < 126) out[head++] = (unsigned char)length;
  else if (length < 65536) {
    out[head++] = 126;
    out[head++] = (unsigned char)(length >> 8);
    out[head++] = (unsigned char)length;
  }
  memcpy(out + head, content, length);
  return head + length;
}

static void greet(int fd) {
  static const char *intent = "event: server-intent\ndata: {\"payloads\":[{\"id\":\"b\",\"target\":1,\"intentCode\":\"none\","
                              "\"reason\":\"up-to-date\"}]}\n\n";
  char notice[200];
  unsigned char out[700];
  int length = snprintf(notice, sizeof notice,
                        "event: fleet\ndata: {\"delayMs\":%ld,\"spreadMs\":%ld,\"heartbeatMs\":10000}\n\n", delay_ms, spread_ms);
  memcpy(out, answer, sizeof answer - 1);
  size_t at = sizeof answer - 1;
  at += make_frame(out + at, notice, (size_t)length);
  at += make_frame(out + at, intent, strlen(intent));
  if (write(fd, out, at) != (ssize_t)at) die("greet");
}

static void accept_all(struct part *p) {
  for (;;) {
    int fd = accept4(p->listen_fd, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
      die("accept");
    }
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, fd, &e);
    p->fds[p->count++] = fd;
  }
}

static void run(struct part *p) {
  struct epoll_event events[512];
  char trash[4096];
  for (;;) {
    int got = epoll_wait(p->epoll_fd, events, 512, -1);
    for (int i = 0; i < got; i++) {
      int fd = events[i].data.fd;
      if (fd == p->listen_fd) accept_all(p);
      else if (fd == p->wake_fd) {
        uint64_t value;
        if (read(fd, &value, sizeof value) < 0) die("wake");
        for (int at = 0; at < p->count; at++)
          if (p->fds[at] >= 0 && write(p->fds[at], frame->bytes, frame->length) < 0 && errno != EPIPE) die("write");
      } else {
        ssize_t length = read(fd, trash, sizeof trash);
        if (length > 4 && memcmp(trash, "GET ", 4) == 0) greet(fd);
        else if (length == 0 || (length < 0 && errno != EAGAIN)) {
          for (int at = 0; at < p->count; at++)
            if (p->fds[at] == fd) p->fds[at] = -1;
          close(fd);
        }
      }
    }
  }
}

int main(int argc, char **argv) {
  most = number_option(argc, argv, "count", "20000");
  long processes = number_option(argc, argv, "processes", "2");
  delay_ms = number_option(argc, argv, "delay-ms", "0");
  spread_ms = number_option(argc, argv, "spread-ms", "100");
  unsigned seconds = (unsigned)number_option(argc, argv, "seconds", "600");
  alarm(seconds);
  signal(SIGPIPE, SIG_IGN);
  if (processes < 1 || processes > MOST_PROCESSES) return 2;
  frame = mmap(NULL, sizeof *frame, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (frame == MAP_FAILED) die("mmap");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int i = 0; i < processes; i++) {
    struct part *p = &parts[i];
    int yes = 1;
    p->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(p->listen_fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    if (bind(p->listen_fd, (struct sockaddr *)&address, sizeof address) != 0) die("bind");
    socklen_t length = sizeof address;
    getsockname(p->listen_fd, (struct sockaddr *)&address, &length);
    listen(p->listen_fd, 4096);
    p->epoll_fd = epoll_create1(0);
    p->wake_fd = eventfd(0, EFD_NONBLOCK);
    p->fds = check_memory(malloc(sizeof(int) * (size_t)most));
    struct epoll_event a = {.events = EPOLLIN, .data.fd = p->listen_fd}, b = {.events = EPOLLIN, .data.fd = p->wake_fd};
    epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, p->listen_fd, &a);
    epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, p->wake_fd, &b);
  }
  for (int i = 0; i < processes; i++) {
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
      /* Ends with the program that started it. */
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      alarm(seconds);
      for (int other = 0; other < processes; other++)
        if (other != i) close(parts[other].listen_fd);
      run(&parts[i]);
    }
  }
  for (int i = 0; i < processes; i++) close(parts[i].listen_fd);
  printf("{\"event\":\"listening\",\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  char line[200];
  while (fgets(line, sizeof line, stdin) != NULL) {
    long long version;
    size_t bytes;
    if (sscanf(line, "go %lld %zu", &version, &bytes) != 2) break;
    if (bytes > FRAME - 100) bytes = FRAME - 100;
    /* One object that fills the frame up, and the event that commits it. */
    static char content[FRAME];
    char commit[200];
    int commit_length = snprintf(commit, sizeof commit,
                                 "event: payload-transferred\ndata: {\"state\":\"limit:%lld\",\"version\":%lld,\"id\":\"b\"}\n\n",
                                 version, version);
    static const char *start = "event: put-object\ndata: ";
    size_t fixed = strlen(start) + 2 + (size_t)commit_length;
    size_t filling = bytes > fixed ? bytes - fixed : 0;
    size_t at = strlen(start);
    memcpy(content, start, at);
    memset(content + at, 'x', filling);
    at += filling;
    memcpy(content + at, "\n\n", 2);
    memcpy(content + at + 2, commit, (size_t)commit_length);
    frame->length = make_frame(frame->bytes, content, at + 2 + (size_t)commit_length);
    int64_t sent_at = now_ns();
    for (int i = 0; i < processes; i++) {
      uint64_t one = 1;
      if (write(parts[i].wake_fd, &one, sizeof one) < 0) die("wake");
    }
    printf("{\"event\":\"sent\",\"version\":%lld,\"at\":%lld}\n", version, (long long)sent_at);
    fflush(stdout);
  }
  return 0;
}
