// libcurl's variadic functions, as typed ones that Swift can import, and the options that older releases spell otherwise.
#ifndef B2WATCH_CCURL_H
#define B2WATCH_CCURL_H

#include <curl/curl.h>
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

// MARK: The result of a transfer

static inline long b2_curl_get_long(CURL *handle, CURLINFO info) {
    long value = 0;
    return curl_easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

#endif
