/* The key ring: every secret of the provider itself. Signing keys per algorithm (next, active, retired), encryption
 * keys (active, retired) and the derived-key roots, in one file that is sealed (AES-256-GCM) under a master key kept
 * elsewhere. Signing goes through here alone.
 *
 * A rotation makes the next key active, the active one retired (kept in the JWKS until every token it signed has
 * ended), and a new next one, which relying parties therefore know before it signs anything. An encryption key has no
 * next: a new one is published and used at once; a retired one leaves the JWKS but decrypts until it goes, for those
 * who have the JWKS of yesterday. The file is replaced atomically (write, fsync, rename, fsync of the folder) under a
 * lock, so that the command and the server can both have it open; the server notices by ring_refresh. */
#ifndef KONSAO_KEYS_RING_H
#define KONSAO_KEYS_RING_H

#include "crypto/jwe.h"

struct key_ring;

enum ring_root {
    ROOT_PAIRWISE,      /* pairwise subjects; versioned: a client keeps the version it was registered under */
    ROOT_RESIDENT,      /* the internal, pseudonymous reference of a resident */
    ROOT_SUCCESSOR,     /* derives the successor of a rotated refresh token */
    ROOT_FORM,          /* CSRF tokens of forms */
    ROOT_SID,           /* what a client knows a session as */
    ROOT_DPOP_NONCE,    /* stateless DPoP nonces */
    ROOT_CLIENT_SECRET, /* seals the client secrets that must be read again (client_secret_jwt); versioned */
    ROOT_REGISTRATION,  /* registration access tokens; initial access tokens */
    RING_ROOTS
};

/** Makes a new ring with all its keys and roots, and a master key file (32 random bytes, mode
 * 0400) if there is none yet. Fails if the ring exists. */
MUST_CHECK bool ring_create(const char *path, const char *master_path, char *error, size_t error_size);
/** Opens it; what an earlier version of Konsao did not put into it is made and saved. NULL with a sentence in `error`
 * (no such file, wrong master key, file readable by others, damaged). */
struct key_ring *ring_open(const char *path, const char *master_path, char *error, size_t error_size);
void ring_close(struct key_ring *ring);
/** Looks whether the file was replaced and takes the new content; true if it did. A ring that can't be read leaves the
 * old one in force and logs why. Call every second from one thread. */
bool ring_refresh(struct key_ring *ring);

/* What these return stays valid until ring_close, through refreshes. */

/** The active key to sign with: ES256, RS256, PS256 and EdDSA are always there; NULL for another algorithm. */
const struct jose_key *ring_signer(const struct key_ring *ring, enum jose_alg alg);
/** Any key of the ring by its kid (next, active, retired), to check what we issued ourselves; NULL if unknown. */
const struct jose_key *ring_find(const struct key_ring *ring, str kid);
/** Decrypts what was encrypted to us with the key that its kid names, or, without a kid, any of its algorithm; active
 * or retired. `*out` says how it was encrypted. One false for whatever is wrong. At most `max` bytes. */
MUST_CHECK bool ring_decrypt(const struct key_ring *ring, struct arena *arena, str compact, size_t max,
                             struct jwe_parts *out, str *plain);
/** The JWK Set as published: the public keys but for retired encryption keys. */
str ring_jwks(const struct key_ring *ring);
/** HMAC-SHA256 under a root's version (0: the current one). An unknown version ends the process: versions come from our
 * own records. */
void ring_mac(const struct key_ring *ring, enum ring_root root, unsigned version, str data,
              unsigned char out[static 32]);
unsigned ring_root_version(const struct key_ring *ring, enum ring_root root);

enum ring_key_state { KEY_NEXT, KEY_ACTIVE, KEY_RETIRED };

struct ring_key_info {
    str kid;
    enum jose_alg alg;
    enum ring_key_state state;
    int64_t created_at, activated_at, retired_at, drop_at; /* seconds; 0: not yet */
};
/** All keys in force, newest first, in `arena`. */
size_t ring_list(const struct key_ring *ring, struct arena *arena, struct ring_key_info **out);

/** Rotates the keys of one algorithm, or of all (ALG_NONE_GIVEN). A retired key goes `keep_seconds` after now. Refuses,
 * with a sentence, while the next key is younger than `min_age_seconds` (relying parties cache the JWKS) unless that is
 * 0. */
MUST_CHECK bool ring_rotate(struct key_ring *ring, enum jose_alg alg, int64_t keep_seconds, int64_t min_age_seconds,
                            char *error, size_t error_size);
/** Adds a new version of a root; records made earlier keep theirs. */
MUST_CHECK bool ring_add_root(struct key_ring *ring, enum ring_root root, char *error, size_t error_size);

#endif
