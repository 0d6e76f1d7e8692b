#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <avro.h>
#include <curl/curl.h>
#include <jansson.h>
#include <jq.h>
#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <oniguruma.h>
#include <openssl/crypto.h>
#include <seccomp.h>
#include <yaml.h>
#include <zlib.h>

#include "cli/commands.h"

/* The file of a library that doesn't tell its version: "libjq.so.1.0.4". */
static void print_file(uintptr_t function)
{
    Dl_info info = {0};
    bool found = dladdr((const void *)function, &info) != 0 && info.dli_fname;
    char *path = found ? realpath(info.dli_fname, NULL) : NULL;
    const char *slash = path ? strrchr(path, '/') : NULL;
    printf(", %s", slash ? slash + 1 : "a library that can't be found");
    free(path);
}

/* What is linked now, not what it was built with: that is what a bug report needs. */
enum command_exit version_command(const struct command_line *line)
{
    const struct scmp_version *seccomp = seccomp_version();
    (void)line;
    printf("grapnel %s\n", GRAPNEL_VERSION);
    printf("librdkafka %s, libcurl %s, libmicrohttpd %s, libyaml %s, jansson %s, zlib %s, "
           "Oniguruma %s, libseccomp %u.%u.%u, %s",
           rd_kafka_version_str(), curl_version_info(CURLVERSION_NOW)->version, MHD_get_version(),
           yaml_get_version_string(), jansson_version_str(), zlibVersion(), onig_version(),
           seccomp->major, seccomp->minor, seccomp->micro, OpenSSL_version(OPENSSL_VERSION));
    print_file((uintptr_t)avro_schema_from_json_length);
    print_file((uintptr_t)jq_init);
    putchar('\n');
    return COMMAND_DONE;
}
