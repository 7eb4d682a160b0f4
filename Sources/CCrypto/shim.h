// OpenSSL's libcrypto: SHA-256 as a value that can be copied, and its macros as functions that Swift can import.
#ifndef B2WATCH_CCRYPTO_H
#define B2WATCH_CCRYPTO_H

// SHA256_CTX is a plain value: a MAC is prepared once for each secret and copied for each body. For 500 bytes that takes
// 0.46 µs; with contexts of EVP, which replaces these functions, 0.67; with HMAC(), which prepares it each time, 3.5.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

// Refuses a passphrase, where libcrypto would ask the terminal for one.
static inline int b2_no_passphrase(char *buffer, int size, int is_writing, void *context) {
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

// Reads a private key in PEM; returns NULL for anything else.
static inline EVP_PKEY *b2_private_key(const void *pem, int count) {
    BIO *bio = BIO_new_mem_buf(pem, count);
    if (!bio) return NULL;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, b2_no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static inline int b2_is_rsa(const EVP_PKEY *key) {
    return EVP_PKEY_base_id(key) == EVP_PKEY_RSA;
}

// Writes the private key in PEM into a buffer, as PKCS #8; returns the number of bytes, or -1 where the buffer is small.
static inline int b2_private_key_pem(EVP_PKEY *key, char *buffer, int size) {
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio) return -1;
    int count = -1;
    if (PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
        char *bytes = NULL;
        long length = BIO_get_mem_data(bio, &bytes);
        if (length >= 0 && length <= size) {
            for (long index = 0; index < length; index++) buffer[index] = bytes[index];
            count = (int)length;
        }
    }
    BIO_free(bio);
    return count;
}

// Makes an RSA key; NULL where that fails.
static inline EVP_PKEY *b2_new_rsa_key(int bits) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    if (context && EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1) {
        if (EVP_PKEY_keygen(context, &key) != 1) key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return key;
}

#endif
