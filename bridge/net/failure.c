#include "net/failure.h"

#include <string.h>

static enum error_kind kind_of(CURLcode code, bool answer_began)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
        return ERROR_RENDER;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return ERROR_DNS;
    case CURLE_OPERATION_TIMEDOUT:
        return ERROR_TIMEOUT;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_NO_CONNECTION_AVAILABLE:
        return answer_began ? ERROR_PROTOCOL : ERROR_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
        return ERROR_TLS;
    case CURLE_OUT_OF_MEMORY:
        return ERROR_MEMORY;
    default:
        return ERROR_PROTOCOL;
    }
}

void failure_describe(const struct failure *failure, struct error *err)
{
    CURLcode code = failure->code;
    bool has_detail = failure->detail[0] && code != CURLE_URL_MALFORMAT;
    const char *text = has_detail ? failure->detail : curl_easy_strerror(code);
    enum error_kind kind = kind_of(code, failure->answer_began);
    const char *reason = code == CURLE_COULDNT_CONNECT && failure->system_error
                             ? strerrordesc_np(failure->system_error)
                             : NULL;
    if (reason)
        error_set(err, kind, "%s (%s)", text, reason);
    else
        error_set(err, kind, "%s", text);
}
