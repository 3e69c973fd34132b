/*
 * escape_world.h - what sandboxed functions try to reach: files, processes, sockets, memory
 */
#ifndef FORKSCOPE_SUPPORT_ESCAPE_WORLD_H
#define FORKSCOPE_SUPPORT_ESCAPE_WORLD_H

#include <netinet/in.h>
#include <sys/types.h>
#include <sys/un.h>

/* What a function can be handed. */
enum escape_hand {
    HAND_NOTHING,
    HAND_DIRECTORY,             /* out/ */
    HAND_FILE,                  /* out/file, for reading */
    HAND_WRITABLE,              /* out/data, for writing */
    HAND_PATH,                  /* out/file, O_PATH */
    HAND_PIDFD,                 /* of the victim */
    HAND_TCP,                   /* an unconnected socket of each kind */
    HAND_UDP,
    HAND_LOCAL,                 /* AF_UNIX, stream */
    HAND_DATAGRAMS,             /* AF_UNIX, one end of a pair */
    HAND_LISTENER,              /* a TCP socket that listens */
    HAND_PIPE,                  /* the reading end */
    HAND_MEMORY,                /* a memory file without seals, for reading */
    HAND_COUNT
};

/* Made before init, so that children know it. */
struct escape_world {
    /* FILES lets in/ in, and made/ without WRITE, and written/ with nothing else; out/ not. */
    char directory[32];
    char in[48], out[48], made[48], written[48];
    char made_file[64], written_new[64];
    char in_file[64], in_new[64], in_link[64], out_file[64], out_new[64], out_data[64];
    pid_t host;
    pid_t victim;               /* a process of the same user that waits */
    int niceness;
    int *shared;                /* memory shared with all that is forked later */
    int descriptors[HAND_COUNT];
    int pipe_writer;
    int listener, datagrams, named, hidden, udp;    /* sockets that wait for a message */
    struct sockaddr_in tcp_address;     /* of a port that is not let in */
    struct sockaddr_in udp_address;
    struct sockaddr_un stream_address;  /* out/stream */
    struct sockaddr_un datagram_address;
    struct sockaddr_un abstract_address;
    socklen_t abstract_length;
    unsigned connect_port, listen_port; /* let in by NETWORK */
};

extern struct escape_world escape_world;

/* Makes it, and removes it. */
void escape_world_make(void);
void escape_world_remove(void);

/* Check that nobody has touched it since. */
void escape_world_check(const char *attempt);
/* Forgets what has been done to it. */
void escape_world_mend(void);

#endif
