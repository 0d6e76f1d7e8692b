/* TLS for a scripted server, with a certificate made on the spot. */
#ifndef TLS_SERVER_H
#define TLS_SERVER_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/base64.h"
#include "scripted_server.h"

/* A self-signed certificate, which is its own authority. */
struct identity {
    EVP_PKEY *key;
    X509 *certificate;
    char ca_file[32]; /* the certificate as PEM */
    char pin[64];     /* sha256//… of its public key */
};

static inline void identity_extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

static inline void identity_write(struct identity *identity)
{
    snprintf(identity->ca_file, sizeof identity->ca_file, "/tmp/grapnel-test-XXXXXX");
    int fd = mkstemp(identity->ca_file);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file || !PEM_write_X509(file, identity->certificate) || fclose(file) != 0)
        server_fail("writing a certificate");
}

static inline void identity_make_pin(struct identity *identity)
{
    unsigned char *der = NULL;
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int der_size = i2d_PUBKEY(identity->key, &der);
    EVP_Digest(der, (size_t)der_size, sum, &size, EVP_sha256(), NULL);
    OPENSSL_free(der);
    struct buffer pin = {0};
    buffer_add_text(&pin, "sha256//");
    base64_add(&pin, (struct slice){(const char *)sum, size});
    snprintf(identity->pin, sizeof identity->pin, "%s", buffer_text(&pin));
    buffer_finish(&pin);
}

/* `names` as in "IP:127.0.0.1". */
static inline void identity_init(struct identity *identity, const char *names)
{
    identity->key = EVP_EC_gen("P-256");
    X509 *certificate = identity->certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, identity->key);
    X509_NAME *subject = X509_get_subject_name(certificate);
    const unsigned char *name = (const unsigned char *)"grapnel test";
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    identity_extend(certificate, NID_subject_alt_name, names);
    identity_extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (!X509_sign(certificate, identity->key, EVP_sha256()))
        server_fail("signing a certificate");
    identity_write(identity);
    identity_make_pin(identity);
}

static inline void identity_finish(struct identity *identity)
{
    unlink(identity->ca_file);
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
}

/* What the server's script is to do. */
struct tls_script {
    const struct identity *identity;
    int newest; /* the newest version it speaks; 0: any */
    int connections;
};

static inline void tls_answer(struct server *server, SSL *ssl)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    server->request_size = 0;
    for (;;) {
        char *end = server->request + server->request_size;
        int size = SSL_read(ssl, end, (int)(sizeof server->request - server->request_size - 1));
        if (size <= 0)
            return;
        server->request_size += (size_t)size;
        server->request[server->request_size] = '\0';
        if (!strstr(server->request, "\r\n\r\n"))
            continue;
        server->request_size = 0;
        SSL_write(ssl, answer, sizeof answer - 1);
    }
}

/* Answers every request (without a body) of so many connections. */
static inline void tls_serve(struct server *server)
{
    const struct tls_script *script = server->context;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, script->identity->certificate);
    SSL_CTX_use_PrivateKey(context, script->identity->key);
    SSL_CTX_set_security_level(context, 0); /* or it would not speak TLS 1.1 */
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, script->newest);
    for (int i = 0; i < script->connections; i++) {
        int fd = server_accept(server);
        SSL *ssl = SSL_new(context);
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1)
            tls_answer(server, ssl);
        SSL_free(ssl);
        close(fd);
    }
    SSL_CTX_free(context);
}

#endif
