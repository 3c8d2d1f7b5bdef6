/*
 * Many instances in one process: each opens a socket (or a stream), says who it is, takes in events, acknowledges what
 * it has when the server asks for it, and sends heartbeats. Speaks to one address of 127.0.0.0/8.
 *
 *   clients --port P --count N --key SDK_KEY [--host 127.0.0.1] [--first 0] [--mode socket|sse|foreign] [--seconds 600]
 *           [--concurrent 200] [--retry 0|1] [--then-port P] [--heartbeat-ms 10000]
 *
 * With `--retry 1` clients that lose their connection come back, at `--then-port` if it is given: as if a load balancer
 * led them elsewhere.
 *
 * `sse` instances say what they run by POST, as our SDK does where sockets do not get through; here only streams are
 * opened, so that receipts can be compared. `foreign` instances behave as LaunchDarkly's SDKs do: they never say what
 * they have, take the whole payload each time, ignore Retry-After, and come back after 1, 2, 4, … 30 seconds.
 *
 * Prints lines of JSON:
 *   {"event":"open","count":N,"at":NS}                         everybody has a payload
 *   {"event":"received","version":V,"count":N,"bytes":B,"times":[NS,…]}   when everybody has it, and on "report V"
 *   {"event":"state","connected":C,"ready":R,"lost":L,"fullPayloads":F,"payloadBytes":B,"refused":X}   on "state"
 * Reads lines from standard input: "state", "report V", "quit"; its end is "quit".
 */
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum mode { SOCKET, SSE, FOREIGN };
enum phase { IDLE, CONNECTING, HEADERS, OPEN };
enum { LINE = 400, REQUEST = 700, TRACKED = 64 };

struct client {
  int fd;
  enum phase phase;
  int attempts;
  int connection;
  int is_ready;
  int was_ready;
  /* Of a WebSocket frame or an HTTP chunk: what is left of its content, and its head as far as it has come. */
  uint64_t left;
  unsigned char head[24];
  int head_length;
  /* The line that is being read, cut where it is longer than anything that matters. */
  char line[LINE];
  int line_length;
  char event[32];
  uint32_t update_bytes;
  int is_full;
  int64_t version;
  int64_t have_at;
  int64_t due_at; /* of the acknowledgement; 0: none is due */
  int64_t heartbeat_at;
  int64_t retry_at;
};

/* One version on its way: when each client had it. */
struct version {
  int64_t version;
  int count;
  uint32_t bytes;
  int64_t *times;
};

static struct client *clients;
static int count, first, epoll_fd, concurrent, does_retry;
static enum mode mode;
static struct sockaddr_in server;
static const char *key;
static char epoch[80];
static int64_t delay_ns = 0, spread_ns = 100000000, heartbeat_ns = 10000000000;
static in_port_t then_port;
static int connected, ready, connecting, lost, refused, full_payloads, next_to_open, has_told_open;
static uint64_t payload_bytes;
static struct version versions[TRACKED];
static int version_count;

static uint64_t random_state = 88172645463325252ULL;
static double random_unit(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (double)(random_state >> 11) / 9007199254740992.0;
}

static int index_of(struct client *c) { return (int)(c - clients); }

static void watch(struct client *c, uint32_t events, int operation) {
  struct epoll_event e = {.events = events, .data.u32 = (uint32_t)index_of(c)};
  if (epoll_ctl(epoll_fd, operation, c->fd, &e) != 0) die("epoll_ctl");
}

static void disconnect(struct client *c, int64_t now) {
  if (c->phase == CONNECTING || c->phase == HEADERS) connecting--;
  if (c->phase == OPEN) connected--;
  if (c->is_ready) ready--;
  if (c->was_ready && c->is_ready) lost++;
  close(c->fd);
  c->phase = IDLE;
  c->is_ready = 0;
  c->due_at = 0;
  if (then_port != 0) server.sin_port = then_port;
  double seconds = 1 << (c->attempts > 5 ? 5 : c->attempts);
  if (seconds > 30) seconds = 30;
  /* LaunchDarkly's take half of it off at most; ours anything up to it. */
  double share = mode == FOREIGN ? 1 - random_unit() / 2 : random_unit();
  c->retry_at = does_retry ? now + (int64_t)(seconds * share * 1e9) : INT64_MAX;
  c->attempts++;
}

static void connect_client(struct client *c) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) die("socket");
  int yes = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  c->phase = CONNECTING;
  c->head_length = c->line_length = 0;
  c->left = 0;
  c->update_bytes = 0;
  c->is_full = 0;
  connecting++;
  if (connect(c->fd, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) die("connect");
  watch(c, EPOLLOUT, EPOLL_CTL_ADD);
}

/* Small messages to a socket that is read: what does not fit at once breaks the connection. */
static int write_all(struct client *c, const void *bytes, size_t length) {
  return write(c->fd, bytes, length) == (ssize_t)length ? 0 : -1;
}

static int send_request(struct client *c) {
  char request[REQUEST], basis[120] = "";
  if (mode != FOREIGN && c->version > 0) snprintf(basis, sizeof basis, "?basis=%s:%lld", epoch, (long long)c->version);
  int length;
  if (mode == SOCKET)
    length = snprintf(request, sizeof request,
                      "GET /sdk/v1/socket%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\nUser-Agent: SluiceBench/1\r\n"
                      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                      basis, key);
  else
    length = snprintf(request, sizeof request,
                      "GET /sdk/stream%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\nUser-Agent: %s\r\n"
                      "X-LaunchDarkly-Instance-Id: bench-%d\r\nAccept: text/event-stream\r\n\r\n",
                      basis, key, mode == FOREIGN ? "NodeJSClient/9.13.7" : "SluiceBench/1", first + index_of(c));
  return write_all(c, request, (size_t)length);
}

/* A masked text message; the mask is zero, which is a mask like any other. */
static int send_text(struct client *c, const char *text, int length) {
  unsigned char frame[700];
  int head = 0;
  frame[head++] = 0x81;
  if (length < 126) frame[head++] = (unsigned char)(0x80 | length);
  else {
    frame[head++] = 0x80 | 126;
    frame[head++] = (unsigned char)(length >> 8);
    frame[head++] = (unsigned char)length;
  }
  memset(frame + head, 0, 4);
  head += 4;
  memcpy(frame + head, text, (size_t)length);
  return write_all(c, frame, (size_t)(head + length));
}

static int say_hello(struct client *c) {
  char text[500], running[160] = "{}";
  int id = first + index_of(c);
  if (c->version > 0)
    snprintf(running, sizeof running, "{\"state\":\"%s:%lld\",\"heldMs\":%lld}", epoch, (long long)c->version,
             (long long)((now_ns() - c->have_at) / 1000000));
  int length = snprintf(text, sizeof text,
                        "{\"kind\":\"hello\",\"key\":\"bench-%d\",\"session\":\"session-%d\",\"connection\":%d,"
                        "\"sdk\":\"bench/1\",\"via\":\"socket\",\"about\":{\"host\":\"host-%d\",\"zone\":\"z%d\"},\"running\":%s}",
                        id, id, ++c->connection, id / 10, id % 3, running);
  return send_text(c, text, length);
}

static int acknowledge(struct client *c, int64_t now) {
  char text[200];
  int length = snprintf(text, sizeof text, "{\"kind\":\"acknowledgement\",\"state\":\"%s:%lld\",\"heldMs\":%lld}", epoch,
                        (long long)c->version, (long long)((now - c->have_at) / 1000000));
  c->due_at = 0;
  c->heartbeat_at = now + (int64_t)((double)heartbeat_ns * (0.9 + 0.2 * random_unit()));
  return send_text(c, text, length);
}

static void tell_received(struct version *v) {
  printf("{\"event\":\"received\",\"version\":%lld,\"count\":%d,\"bytes\":%u,\"times\":[", (long long)v->version, v->count,
         v->bytes);
  int told = 0;
  for (int i = 0; i < count; i++)
    if (v->times[i] != 0) printf(told++ ? ",%lld" : "%lld", (long long)v->times[i]);
  printf("]}\n");
  fflush(stdout);
}

static struct version *find_version(int64_t number, int create) {
  for (int i = 0; i < version_count; i++)
    if (versions[i].version == number) return &versions[i];
  if (!create) return NULL;
  struct version *v = &versions[version_count < TRACKED ? version_count++ : (int)(number % TRACKED)];
  if (v->times == NULL) v->times = check_memory(malloc(sizeof(int64_t) * (size_t)count));
  memset(v->times, 0, sizeof(int64_t) * (size_t)count);
  v->version = number;
  v->count = 0;
  return v;
}

static void become_ready(struct client *c) {
  c->attempts = 0;
  c->was_ready = 1;
  if (c->is_ready) return;
  c->is_ready = 1;
  ready++;
  if (ready == count && !has_told_open) {
    has_told_open = 1;
    printf("{\"event\":\"open\",\"count\":%d,\"at\":%lld}\n", count, (long long)now_ns());
    fflush(stdout);
  }
}

static void take_state(struct client *c, const char *data, int64_t now) {
  const char *state = strstr(data, "\"state\":\"");
  if (state == NULL) return;
  state += 9;
  const char *colon = strchr(state, ':');
  if (colon == NULL || (size_t)(colon - state) >= sizeof epoch) return;
  memcpy(epoch, state, (size_t)(colon - state));
  epoch[colon - state] = 0;
  int64_t version = strtoll(colon + 1, NULL, 10);
  if (c->is_ready) {
    struct version *v = find_version(version, 1);
    if (v->times[index_of(c)] == 0) v->count++;
    v->times[index_of(c)] = now;
    v->bytes = c->update_bytes;
    if (v->count == count) tell_received(v);
  } else if (c->is_full) {
    full_payloads++;
    payload_bytes = c->update_bytes;
  }
  c->version = version;
  c->have_at = now;
  if (mode == SOCKET && c->due_at == 0) c->due_at = now + 1 + delay_ns + (int64_t)(random_unit() * (double)spread_ns);
  become_ready(c);
}

static void take_line(struct client *c, int64_t now) {
  char *line = c->line;
  line[c->line_length] = 0;
  if (c->line_length == 0) {
    /* The objects of an update come before the event that commits it, and count with it. */
    if (strcmp(c->event, "put-object") != 0 && strcmp(c->event, "delete-object") != 0) c->update_bytes = 0;
    c->event[0] = 0;
  } else if (strncmp(line, "event: ", 7) == 0) {
    snprintf(c->event, sizeof c->event, "%.30s", line + 7);
  } else if (strncmp(line, "data: ", 6) == 0) {
    if (strcmp(c->event, "payload-transferred") == 0) take_state(c, line + 6, now);
    else if (strcmp(c->event, "server-intent") == 0) {
      c->is_full = strstr(line, "\"xfer-full\"") != NULL;
      if (strstr(line, "\"none\"") != NULL) become_ready(c);
    } else if (strcmp(c->event, "fleet") == 0) {
      const char *delay = strstr(line, "\"delayMs\":"), *spread = strstr(line, "\"spreadMs\":");
      if (delay != NULL) delay_ns = strtoll(delay + 10, NULL, 10) * 1000000;
      if (spread != NULL) spread_ns = strtoll(spread + 11, NULL, 10) * 1000000;
    } else if (strcmp(c->event, "probe") == 0 && mode == SOCKET) {
      const char *id = strstr(line, "\"id\":\""), *share = strstr(line, "\"share\":");
      if (id != NULL && share != NULL && random_unit() < strtod(share + 8, NULL)) {
        char text[160];
        int length = snprintf(text, sizeof text, "{\"kind\":\"probe\",\"id\":\"%.*s\"}", (int)strcspn(id + 6, "\""), id + 6);
        send_text(c, text, length);
      }
    }
  }
  c->line_length = 0;
}

/* Bytes of events, however they are cut. */
static void take_content(struct client *c, const char *bytes, size_t length, int64_t now) {
  for (size_t i = 0; i < length;) {
    const char *end = memchr(bytes + i, '\n', length - i);
    size_t part = end == NULL ? length - i : (size_t)(end - (bytes + i));
    size_t room = (size_t)(LINE - 1 - c->line_length);
    size_t kept = part < room ? part : room;
    memcpy(c->line + c->line_length, bytes + i, kept);
    c->line_length += (int)kept;
    c->update_bytes += (uint32_t)part + (end != NULL);
    i += part + (end != NULL);
    if (end != NULL) take_line(c, now);
  }
}

static int64_t read_frames(struct client *c, const char *bytes, size_t length, int64_t now) {
  for (size_t i = 0; i < length;) {
    if (c->left > 0) {
      size_t part = c->left < length - i ? (size_t)c->left : length - i;
      if ((c->head[0] & 0x0f) <= 2) take_content(c, bytes + i, part, now);
      c->left -= part;
      i += part;
      if (c->left == 0) c->head_length = 0;
      continue;
    }
    c->head[c->head_length++] = (unsigned char)bytes[i++];
    if (c->head_length < 2) continue;
    int size = c->head[1] & 0x7f, extra = size == 127 ? 8 : size == 126 ? 2 : 0;
    if (c->head_length < 2 + extra) continue;
    if ((c->head[0] & 0x0f) == 8) return -1;
    c->left = (uint64_t)size;
    if (extra > 0) {
      c->left = 0;
      for (int at = 2; at < 2 + extra; at++) c->left = c->left << 8 | c->head[at];
    }
    if (c->left == 0) c->head_length = 0;
  }
  return 0;
}

static int64_t read_chunks(struct client *c, const char *bytes, size_t length, int64_t now) {
  for (size_t i = 0; i < length;) {
    if (c->left > 0) {
      size_t part = c->left < length - i ? (size_t)c->left : length - i;
      take_content(c, bytes + i, part, now);
      c->left -= part;
      i += part;
      continue;
    }
    char byte = bytes[i++];
    if (byte != '\n') {
      if (byte != '\r' && c->head_length < 20) c->head[c->head_length++] = (unsigned char)byte;
      continue;
    }
    if (c->head_length == 0) continue; /* what ends the chunk before */
    c->head[c->head_length] = 0;
    c->left = strtoull((char *)c->head, NULL, 16);
    c->head_length = 0;
    if (c->left == 0) return -1;
  }
  return 0;
}

/* Headers come whole in the first read, as they are short; anything but success ends the connection. */
static int64_t read_headers(struct client *c, char *bytes, size_t length, int64_t now) {
  char *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (end == NULL || length < 12) return -1;
  int status = atoi(bytes + 9);
  if (status != (mode == SOCKET ? 101 : 200)) {
    refused++;
    return -1;
  }
  c->phase = OPEN;
  connecting--;
  connected++;
  c->heartbeat_at = now + (int64_t)((double)heartbeat_ns * random_unit());
  if (mode == SOCKET && say_hello(c) != 0) return -1;
  size_t rest = length - (size_t)(end + 4 - bytes);
  return mode == SOCKET ? read_frames(c, end + 4, rest, now) : read_chunks(c, end + 4, rest, now);
}

static void handle(struct client *c, uint32_t events) {
  static char buffer[256 * 1024];
  int64_t now = now_ns();
  if (c->phase == CONNECTING) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0 || (events & (EPOLLERR | EPOLLHUP)) != 0 || send_request(c) != 0) {
      disconnect(c, now);
      return;
    }
    c->phase = HEADERS;
    watch(c, EPOLLIN, EPOLL_CTL_MOD);
    return;
  }
  if (c->phase == IDLE) return;
  ssize_t length = read(c->fd, buffer, sizeof buffer);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  int64_t outcome = -1;
  now = now_ns();
  if (length > 0 && c->phase == HEADERS) outcome = read_headers(c, buffer, (size_t)length, now);
  else if (length > 0)
    outcome = mode == SOCKET ? read_frames(c, buffer, (size_t)length, now) : read_chunks(c, buffer, (size_t)length, now);
  if (outcome != 0) disconnect(c, now);
}

/* Everybody is looked at every millisecond or so: 20,000 comparisons cost less than keeping them in order. */
static void look_at_clock(void) {
  int64_t now = now_ns();
  for (int i = 0; i < count; i++) {
    struct client *c = &clients[i];
    if (c->phase == OPEN && mode == SOCKET && ((c->due_at != 0 && now >= c->due_at) || now >= c->heartbeat_at)) {
      if (acknowledge(c, now) != 0) disconnect(c, now);
    } else if (c->phase == IDLE && c->retry_at != 0 && now >= c->retry_at && connecting < concurrent) {
      connect_client(c);
    }
  }
  while (next_to_open < count && connecting < concurrent) connect_client(&clients[next_to_open++]);
}

static int read_commands(void) {
  static char text[4096];
  static size_t length;
  ssize_t got = read(0, text + length, sizeof text - 1 - length);
  if (got <= 0) return got < 0 && errno == EAGAIN ? 0 : -1;
  length += (size_t)got;
  text[length] = 0;
  char *line = text, *end;
  while ((end = strchr(line, '\n')) != NULL) {
    *end = 0;
    if (strcmp(line, "quit") == 0) return -1;
    if (strcmp(line, "state") == 0) {
      printf("{\"event\":\"state\",\"connected\":%d,\"ready\":%d,\"lost\":%d,\"fullPayloads\":%d,\"payloadBytes\":%llu,"
             "\"refused\":%d}\n",
             connected, ready, lost, full_payloads, (unsigned long long)payload_bytes, refused);
      fflush(stdout);
    }
    if (strncmp(line, "report ", 7) == 0) {
      struct version *v = find_version(strtoll(line + 7, NULL, 10), 1);
      tell_received(v);
    }
    line = end + 1;
  }
  length = strlen(line);
  memmove(text, line, length + 1);
  return 0;
}

int main(int argc, char **argv) {
  count = (int)number_option(argc, argv, "count", "1");
  first = (int)number_option(argc, argv, "first", "0");
  concurrent = (int)number_option(argc, argv, "concurrent", "200");
  does_retry = (int)number_option(argc, argv, "retry", "0");
  heartbeat_ns = number_option(argc, argv, "heartbeat-ms", "10000") * 1000000;
  key = option(argc, argv, "key", "");
  const char *asked = option(argc, argv, "mode", "socket");
  mode = strcmp(asked, "socket") == 0 ? SOCKET : strcmp(asked, "sse") == 0 ? SSE : FOREIGN;
  const char *host = option(argc, argv, "host", "127.0.0.1");
  server.sin_family = AF_INET;
  server.sin_port = htons((uint16_t)number_option(argc, argv, "port", "0"));
  then_port = htons((uint16_t)number_option(argc, argv, "then-port", "0"));
  if (strncmp(host, "127.", 4) != 0 || inet_pton(AF_INET, host, &server.sin_addr) != 1 || count < 1 || count > 19900) {
    fprintf(stderr, "clients: expected an address of 127.0.0.0/8 and --count from 1 to 19900\n");
    return 2;
  }
  random_state += (uint64_t)first * 7919 + (uint64_t)now_ns();
  alarm((unsigned)number_option(argc, argv, "seconds", "600"));
  clients = check_memory(calloc((size_t)count, sizeof *clients));
  epoll_fd = epoll_create1(0);
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  struct epoll_event input = {.events = EPOLLIN, .data.u32 = UINT32_MAX}, events[512];
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &input);
  int64_t looked_at = 0;
  for (;;) {
    int got = epoll_wait(epoll_fd, events, 512, 1);
    if (got < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < got; i++) {
      if (events[i].data.u32 != UINT32_MAX) handle(&clients[events[i].data.u32], events[i].events);
      else if (read_commands() != 0) return 0;
    }
    if (now_ns() - looked_at >= 1000000) {
      look_at_clock();
      looked_at = now_ns();
    }
  }
}
