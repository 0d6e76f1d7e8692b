#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/siphash.h"

/* The key and the input that the paper and its reference implementation test with. */
static const struct siphash_seed seed = {UINT64_C(0x0706050403020100),
                                         UINT64_C(0x0f0e0d0c0b0a0908)};

static void agrees_with_the_paper(void **state)
{
    (void)state;
    unsigned char bytes[15];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    static const struct {
        size_t size;
        uint64_t hash;
    } rows[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},
        {1, UINT64_C(0x74f839c593dc67fd)},
        {15, UINT64_C(0xa129ca6149be45e5)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(siphash(seed, (struct slice){(char *)bytes, rows[i].size}) == rows[i].hash);
}

static uint64_t other_hash(EVP_MAC_CTX *context, const unsigned char *bytes, size_t size)
{
    unsigned char key[16];
    for (unsigned i = 0; i < 8; i++) {
        key[i] = (unsigned char)(seed.k0 >> (8 * i));
        key[8 + i] = (unsigned char)(seed.k1 >> (8 * i));
    }
    size_t hash_size = 8;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &hash_size),
                           OSSL_PARAM_construct_end()};
    unsigned char hash[8];
    assert_int_equal(EVP_MAC_init(context, key, sizeof key, params), 1);
    assert_int_equal(EVP_MAC_update(context, bytes, size), 1);
    assert_int_equal(EVP_MAC_final(context, hash, &hash_size, sizeof hash), 1);
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++)
        word |= (uint64_t)hash[i] << (8 * i);
    return word;
}

static void agrees_with_openssl_for_every_length_up_to_300(void **state)
{
    (void)state;
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    unsigned char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 167 + 13);
    for (size_t size = 0; size <= sizeof bytes; size++)
        assert_true(siphash(seed, (struct slice){(char *)bytes, size}) ==
                    other_hash(context, bytes, size));
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_paper),
        cmocka_unit_test(agrees_with_openssl_for_every_length_up_to_300),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
