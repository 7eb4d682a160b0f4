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
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

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

// Returns a time of a certificate in seconds since 1970; 0 for one that is none.
static inline int64_t b2_seconds(const ASN1_TIME *time) {
    struct tm parts;
    return time && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

// Writes a name's common name, or the whole name where it has none, as a string.
static inline void b2_name(const X509_NAME *name, char *buffer, int size) {
    buffer[0] = 0;
    if (name && X509_NAME_get_text_by_NID((X509_NAME *)name, NID_commonName, buffer, size) <= 0) {
        X509_NAME_oneline(name, buffer, size);
    }
}

// Verifies the certificate of a server against this machine's own authorities; returns the code of the result.
static inline int b2_verify_server(X509 *leaf, X509 *const *others, int count) {
    int code = X509_V_ERR_UNSPECIFIED;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    for (int index = 0; chain && index < count; index++) sk_X509_push(chain, others[index]);
    if (store && context && chain && X509_STORE_set_default_paths(store) == 1 &&
        X509_STORE_CTX_init(context, store, leaf, chain) == 1) {
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
        X509_verify_cert(context);
        code = X509_STORE_CTX_get_error(context);
    }
    sk_X509_free(chain);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return code;
}

// Writes bytes in Base64 as a string into a buffer of 4 / 3 of their number, rounded up to 4, and 1.
static inline void b2_base64(const unsigned char *bytes, int count, unsigned char *buffer) {
    EVP_EncodeBlock(buffer, bytes, count);
}

#endif
