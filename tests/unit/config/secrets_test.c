#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "config/schema.h"
#include "config/secrets.h"
#include "config/subscription.h"

#define WANT(...) ((const char *const[]){__VA_ARGS__})
#define BASE      "name: orders\ntopics: [orders]\n"

/* `text` with `defaults` merged under it has exactly these secrets, a NULL behind the last. */
static void check(const char *defaults, const char *text, const char *const *want)
{
    struct arena arena = {0};
    struct problems problems = {0};
    struct schema_reader reader;
    struct subscription sub;
    size_t count = 0;
    schema_reader_init(&reader, &subscription_schema, &arena, &problems);
    const struct yaml_node *under =
        yaml_read_bytes(&arena, "d.yaml", slice_of(defaults), &problems);
    const struct yaml_node *over = yaml_read_bytes(&arena, "a.yaml", slice_of(text), &problems);
    assert_non_null(over);
    subscription_read(&reader, under, over, &sub);
    assert_int_equal(problems.count, 0);
    for (const struct text_secret *from = sub.secrets; from; from = from->next)
        count++;
    for (; *want; want++, count--) {
        const struct text_secret *from = sub.secrets;
        while (from && !slice_is(from->value, *want))
            from = from->next;
        assert_non_null(from);
    }
    assert_int_equal(count, 0);
    arena_finish(&arena);
}

static void knows_each_value_once_wherever_it_is_used(void **state)
{
    (void)state;
    check("{}",
          BASE
          "request:\n"
          "  url: \"https://h/${env:SECRETS_A}/x/${env:SECRETS_B}\"\n"
          "  query: { k: \"${env:SECRETS_C}\", same: \"${env:SECRETS_A}\" }\n"
          "  headers: { X-K: \"Token ${env:SECRETS_D}\" }\n"
          "  body: { json: { list: [{ deep: \"${env:SECRETS_E}\" }, plain] } }\n"
          "auth: { basic: { username: \"${env:SECRETS_F}\", password: \"${env:SECRETS_A}\" } }\n",
          WANT("value-a", "value-b", "value-c", "value-d", "value-e", "value-f", NULL));
}

static void knows_literals_where_only_secrets_stand(void **state)
{
    (void)state;
    check("{}",
          BASE "request: { url: \"https://h/plain\", headers: { X-K: plain } }\n"
               "auth: { basic: { username: user, password: literal-p },\n"
               "        api_key: { header: X-Api, value: literal-k } }\n"
               "sign: { style: standard, secrets: [literal-s, \"whsec_${env:SECRETS_A}\"] }\n",
          WANT("value-a", "literal-p", "literal-k", "literal-s", "whsec_value-a", NULL));
    check("{}", BASE "request: { url: \"https://h/\" }\nauth: { bearer: literal-b }",
          WANT("literal-b", NULL));
    check("{}",
          BASE "request: { url: \"https://h/\" }\nauth: { basic: { username: u, password: \"\" } }",
          WANT(NULL));
}

static void knows_those_of_the_defaults_that_are_in_force(void **state)
{
    (void)state;
    check("auth: { bearer: \"${env:SECRETS_A}\" }\n"
          "request: { headers: { X-One: \"${env:SECRETS_B}\", X-Two: \"${env:SECRETS_C}\" } }\n",
          BASE "request: { url: \"https://h/\", headers: { X-Two: mine } }\n",
          WANT("value-b", "value-a", NULL));
}

static void names_are_no_secrets(void **state)
{
    (void)state;
    check("{}",
          "name: \"${env:SECRETS_A}\"\ntopics: [\"${env:SECRETS_B}\"]\nevents: "
          "[\"${env:SECRETS_C}\"]\n"
          "id: \"${env:SECRETS_D}\"\nrequest: { url: \"https://h/\" }\n",
          WANT(NULL));
}

int main(void)
{
    for (int letter = 'A'; letter <= 'F'; letter++) {
        char name[] = {'S', 'E', 'C', 'R', 'E', 'T', 'S', '_', (char)letter, '\0'};
        char value[] = {'v', 'a', 'l', 'u', 'e', '-', (char)(letter | 0x20), '\0'};
        setenv(name, value, 1);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_each_value_once_wherever_it_is_used),
        cmocka_unit_test(knows_literals_where_only_secrets_stand),
        cmocka_unit_test(knows_those_of_the_defaults_that_are_in_force),
        cmocka_unit_test(names_are_no_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
