// libcurl's variadic functions, as typed ones that Swift can import, and the options that older releases spell otherwise.
#ifndef B2WATCH_CCURL_H
#define B2WATCH_CCURL_H

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#if LIBCURL_VERSION_NUM < 0x075000
#error "b2watch needs libcurl 7.80 or later"
#endif

// MARK: Options

static inline CURLcode b2_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl copies the text.
static inline CURLcode b2_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

// The list must live as long as the handle uses it.
static inline CURLcode b2_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl copies the bytes, which may be none and contain NUL.
static inline CURLcode b2_curl_set_body(CURL *handle, const void *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, (const char *)bytes);
}

// The buffer has CURL_ERROR_SIZE bytes and must live as long as the handle.
static inline CURLcode b2_curl_set_error_buffer(CURL *handle, char *buffer) {
    return curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}

// Allows http and https alone.
static inline CURLcode b2_curl_allow_http(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

// Sends the proxy a user and a password at once, as Basic credentials.
static inline CURLcode b2_curl_set_proxy_credentials(CURL *handle, const char *user, const char *password) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_PROXYAUTH, CURLAUTH_BASIC);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_PROXYUSERNAME, user);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_PROXYPASSWORD, password);
    return code;
}

// Lets a transfer that has ended leave the thread of its name lookup behind. Before 7.87 its end waits for the lookup.
static inline CURLcode b2_curl_leave_lookups(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075700
    return curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)handle;
    return CURLE_OK;
#endif
}

// MARK: Callbacks, all with the same context

typedef size_t (*b2_curl_data)(char *bytes, size_t size, size_t count, void *context);
typedef curl_socket_t (*b2_curl_open)(void *context, curlsocktype purpose, struct curl_sockaddr *address);
typedef int (*b2_curl_begin)(void *context, char *peer, char *local, int peer_port, int local_port);

static inline CURLcode b2_curl_set_callbacks(
    CURL *handle, void *context, b2_curl_open open, b2_curl_begin begin, b2_curl_data header, b2_curl_data body) {
    CURLcode code = CURLE_OK;
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_PRIVATE, context);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, begin);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_PREREQDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, header);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, body);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
    return code;
}

// The whole of the address: the member that Swift sees is shorter than many of them.
static inline const struct sockaddr *b2_curl_address(const struct curl_sockaddr *address) { return &address->addr; }

// MARK: Certificates

// The certificate of the other side, as far as a person needs it: libcurl keeps none that is not accepted.
typedef struct {
    // The names for which it is valid, with a comma between them.
    char names[512];
    // The issuer that is missing, or the authority that is not trusted.
    char issuer[256];
    // A file of authorities that count besides the others; empty for none.
    char additional[4096];
} b2_peer;

// Writes a name's common name, or its organisation, or the whole of it.
static inline void b2_write_name(X509_NAME *name, char *buffer, int size) {
    buffer[0] = 0;
    if (!name) return;
    if (X509_NAME_get_text_by_NID(name, NID_commonName, buffer, size) > 0) return;
    if (X509_NAME_get_text_by_NID(name, NID_organizationName, buffer, size) > 0) return;
    X509_NAME_oneline(name, buffer, size);
}

// Writes the first names of a certificate, and dots for the others.
static inline void b2_write_names(X509 *certificate, char *buffer, size_t size) {
    buffer[0] = 0;
    size_t used = 0;
    GENERAL_NAMES *names = (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int index = 0; names && index < sk_GENERAL_NAME_num(names); index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
        char address[64] = "";
        const char *text = address;
        int length = 0;
        if (name->type == GEN_DNS) {
            text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
            length = ASN1_STRING_length(name->d.dNSName);
        } else if (name->type == GEN_IPADD) {
            const unsigned char *bytes = ASN1_STRING_get0_data(name->d.iPAddress);
            int count = ASN1_STRING_length(name->d.iPAddress);
            if (count == 4) {
                length = snprintf(address, sizeof address, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
            } else if (count == 16) {
                for (int part = 0; part < 16; part += 2) {
                    length += snprintf(address + length, sizeof address - (size_t)length, part ? ":%x" : "%x",
                                       bytes[part] << 8 | bytes[part + 1]);
                }
            }
        }
        if (length <= 0) continue;
        if (index >= 4 || used + (size_t)length + 8 > size) {
            memcpy(buffer + used, ", …", sizeof ", …");
            break;
        }
        used += (size_t)snprintf(buffer + used, size - used, "%s%.*s", used ? ", " : "", length, text);
    }
    GENERAL_NAMES_free(names);
    if (!used) b2_write_name(X509_get_subject_name(certificate), buffer, (int)size);
}

static inline int b2_note_certificate(int is_accepted, X509_STORE_CTX *context) {
    SSL *ssl = (SSL *)X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    b2_peer *peer = ssl ? (b2_peer *)SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) : NULL;
    if (!peer) return is_accepted;
    X509 *leaf = X509_STORE_CTX_get0_cert(context);
    if (leaf && !peer->names[0]) b2_write_names(leaf, peer->names, sizeof peer->names);
    X509 *current = X509_STORE_CTX_get_current_cert(context);
    if (!is_accepted && current) {
        b2_write_name(X509_get_issuer_name(current), peer->issuer, (int)sizeof peer->issuer);
    }
    return is_accepted;
}

static inline CURLcode b2_prepare_tls(CURL *handle, void *ssl_context, void *peer) {
    (void)handle;
    SSL_CTX *context = (SSL_CTX *)ssl_context;
    const char *additional = ((b2_peer *)peer)->additional;
    if (additional[0] && SSL_CTX_load_verify_locations(context, additional, NULL) != 1) return CURLE_SSL_CACERT_BADFILE;
    ERR_clear_error();
    // libcurl itself uses the data of a connection, and not that of a context.
    SSL_CTX_set_app_data(context, peer);
    SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), b2_note_certificate);
    return CURLE_OK;
}

// Lets `peer` learn of the certificate, which must live as long as the handle. Does nothing where libcurl has another TLS
// library than the OpenSSL of this program.
static inline CURLcode b2_curl_watch_certificates(CURL *handle, b2_peer *peer) {
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    char wanted[32];
    snprintf(wanted, sizeof wanted, "OpenSSL/%d.", OPENSSL_VERSION_MAJOR);
    if (!version->ssl_version || strncmp(version->ssl_version, wanted, strlen(wanted)) != 0) {
        return peer->additional[0] ? curl_easy_setopt(handle, CURLOPT_CAINFO, peer->additional) : CURLE_OK;
    }
    CURLcode code = curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, peer);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, b2_prepare_tls);
}

// MARK: The result of a transfer

static inline long b2_curl_get_long(CURL *handle, CURLINFO info) {
    long value = 0;
    return curl_easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

#endif
