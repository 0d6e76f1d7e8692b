#include "cli/demo_acts.h"

#include "base/compiler.h"

#define DASHBOARD_KEY "dk-4711"
#define LEDGER_TOKEN  "lt-0815"
#define DELIVERED     "delivered"
#define DEAD          "dead-lettered"

const struct demo_secret demo_secrets[] = {
    {"key", DASHBOARD_KEY},
    {"token", LEDGER_TOKEN},
    {"sign", DEMO_SIGNING_SECRET},
};
const size_t demo_secret_count = COUNT_OF(demo_secrets);

static const struct demo_act sale = {
    .title = "A sale is reported to a dashboard, by GET",
    .topic = "orders",
    .key = "INV-1042",
    .value = "{\"type\":\"order.created\",\"invoice\":\"INV-1042\",\"amount\":41.10}",
    .subscription = "orders-to-dashboard",
    .yaml = "subscriptions:\n"
            "  - name: orders-to-dashboard\n"
            "    topics: [orders]\n"
            "    events: [order.created]\n"
            "    start: earliest\n"
            "    request:\n"
            "      method: GET\n"
            "      url: @RECEIVER@/sale\n"
            "      query:\n"
            "        Amount: \"{{ .amount }}\"\n"
            "        Invoice: \"{{ .invoice }}\"\n"
            "    auth:\n"
            "      api_key:\n"
            "        query: Key\n"
            "        value: ${file:@DIRECTORY@/secrets/key}\n",
    .method = "GET",
    .target = "/sale?Amount=41.10&Invoice=INV-1042&Key=" DASHBOARD_KEY,
    .body = "",
    .status = 204,
    .attempts = 1,
    .outcome = DELIVERED,
};

static const struct demo_act payment = {
    .title = "A payment is posted to a ledger, with a token and a signature",
    .topic = "payments",
    .key = "pay_3fd1",
    .value = "{\"type\":\"payment.captured\",\"id\":\"pay_3fd1\",\"amount\":1299.00}",
    .subscription = "payments-to-ledger",
    .yaml = "subscriptions:\n"
            "  - name: payments-to-ledger\n"
            "    topics: [payments]\n"
            "    events: [payment.*]\n"
            "    start: earliest\n"
            "    request: { url: @RECEIVER@/ledger, body: event }\n"
            "    auth:\n"
            "      bearer: ${file:@DIRECTORY@/secrets/token}\n"
            "    sign:\n"
            "      style: standard\n"
            "      secrets: [\"${file:@DIRECTORY@/secrets/sign}\"]\n",
    .method = "POST",
    .target = "/ledger",
    .content_type = "application/json",
    .authorization = "Bearer " LEDGER_TOKEN,
    .body = "{\"type\":\"payment.captured\",\"id\":\"pay_3fd1\",\"amount\":1299.00}",
    .is_signed = true,
    .status = 204,
    .attempts = 1,
    .outcome = DELIVERED,
};

static const struct demo_act push = {
    .title = "A push starts a build, as a form",
    .topic = "pushes",
    .key = "shop",
    .value = "{\"type\":\"push\",\"ref\":\"main\",\"commit\":\"9f2c1ab\",\"by\":\"Ada & Co\"}",
    .subscription = "pushes-to-ci",
    .yaml = "subscriptions:\n"
            "  - name: pushes-to-ci\n"
            "    topics: [pushes]\n"
            "    start: earliest\n"
            "    request:\n"
            "      url: \"@RECEIVER@/build/{{ $key }}\"\n"
            "      body:\n"
            "        form:\n"
            "          branch: \"{{ .ref }}\"\n"
            "          commit: \"{{ .commit }}\"\n"
            "          cause: \"pushed by {{ .by }}\"\n",
    .method = "POST",
    .target = "/build/shop",
    .content_type = "application/x-www-form-urlencoded",
    .body = "branch=main&commit=9f2c1ab&cause=pushed+by+Ada+%26+Co",
    .status = 204,
    .attempts = 1,
    .outcome = DELIVERED,
};

static const struct demo_act alarm = {
    .title = "A sensor's alarm becomes a chat message",
    .topic = "sensors",
    .key = "cold-7",
    .value = "{\"type\":\"alarm\",\"room\":\"cold-7\",\"celsius\":-9.50}",
    .subscription = "alarms-to-chat",
    .yaml = "subscriptions:\n"
            "  - name: alarms-to-chat\n"
            "    topics: [sensors]\n"
            "    events: [alarm]\n"
            "    start: earliest\n"
            "    request:\n"
            "      method: PUT\n"
            "      url: @RECEIVER@/chat\n"
            "      body:\n"
            "        json:\n"
            "          text: \"{{ .room }} is at {{ .celsius }} °C\"\n"
            "          celsius: \"{{ .celsius }}\"\n"
            "          mention: \"{{ .owner // \\\"everyone\\\" }}\"\n",
    .method = "PUT",
    .target = "/chat",
    .content_type = "application/json",
    .body = "{\"text\":\"cold-7 is at -9.50 °C\",\"celsius\":-9.50,\"mention\":\"everyone\"}",
    .status = 204,
    .attempts = 1,
    .outcome = DELIVERED,
};

static const struct demo_act signup = {
    .title = "An endpoint is down: it is tried again, then there is a dead letter",
    .topic = "signups",
    .key = "cus_88",
    .value = "{\"type\":\"customer.signed-up\",\"id\":\"cus_88\",\"plan\":\"pro\"}",
    .subscription = "signups-to-crm",
    .yaml = "subscriptions:\n"
            "  - name: signups-to-crm\n"
            "    topics: [signups]\n"
            "    start: earliest\n"
            "    request: { url: @RECEIVER@/crm }\n"
            "    delivery:\n"
            "      retry: { schedule: [200ms, 400ms], jitter: 0% }\n",
    .method = "POST",
    .target = "/crm",
    .content_type = "application/json",
    .body = "{\"type\":\"customer.signed-up\",\"id\":\"cus_88\",\"plan\":\"pro\"}",
    .status = 503,
    .attempts = 3,
    .outcome = DEAD,
};

const struct demo_act *const demo_acts[] = {&sale, &payment, &push, &alarm, &signup};
const size_t demo_act_count = COUNT_OF(demo_acts);
