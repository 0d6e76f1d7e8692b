#include <stdio.h>

#include <curl/curl.h>
#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <oniguruma.h>
#include <openssl/crypto.h>
#include <yaml.h>

#include "cli/commands.h"

/* What is linked now, not what it was built with: that is what a bug report needs. */
enum command_exit version_command(const struct command_line *line)
{
    (void)line;
    printf("grapnel %s\n", GRAPNEL_VERSION);
    printf("librdkafka %s, libcurl %s, libmicrohttpd %s, libyaml %s, Oniguruma %s, %s\n",
           rd_kafka_version_str(), curl_version_info(CURLVERSION_NOW)->version, MHD_get_version(),
           yaml_get_version_string(), onig_version(), OpenSSL_version(OPENSSL_VERSION));
    return COMMAND_DONE;
}
