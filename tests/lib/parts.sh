# shellcheck shell=bash
# What the parts of tests/run share: installing, building, counting.

passed=0
failed=0
failures=
part=
logs=$PWD/build/logs
jobs=$(nproc)
mkdir -p "$logs"
export PYTHONDONTWRITEBYTECODE=1
unset GRAPNEL  # what is tested is what is built here

heading() {
    part=$1
    printf '\n== %s\n' "$part"
}

# count OK BAD WHAT [LOG]: one line; where something is bad, with the log's end, and by name in what is said last.
count() {
    local names
    passed=$((passed + $1))
    failed=$((failed + $2))
    if [ "$2" = 0 ]; then
        [ "$1" = 1 ] && printf '  ok    %s\n' "$3" || printf '  ok    %-52s %4d\n' "$3" "$1"
        return
    fi
    printf '  FAIL  %-52s %4d of %d\n' "$3" "$2" $(($1 + $2))
    failures="$failures  $part: $3 ($2)"$'\n'
    [ -n "${4:-}" ] || return
    tail -n 60 "$4" | sed 's/^/        /'
    echo "        (all of it: $4)"
    names=$(sed -En 's/^(FAILED|ERROR|not ok|seed) .*/    &/p' "$4" | head -n 20)
    failures="$failures${names:+$names$'\n'}"
}

# check WHAT COMMAND…: counts as one test.
check() {
    local what=$1 log
    log=$logs/$part-$(tr -cs 'a-zA-Z0-9\n' - <<<"$what").log
    shift
    if "$@" >"$log" 2>&1 </dev/null; then
        count 1 0 "$what"
    else
        count 0 1 "$what" "$log"
        return 1
    fi
}

# need PACKAGE…: Debian's packages, those to build with among them.
need() {
    deploy/packages "$@" >"$logs/packages.log" 2>&1 || {
        count 0 1 "packages" "$logs/packages.log"
        return 1
    }
    grep '^packages: installing' "$logs/packages.log" || true
}

# build NAME [OPTION…]: all of the project and its tests in build/NAME, once a run.
declare -A built
build() {
    local dir=build/$1
    shift
    [ -n "${built[$dir]:-}" ] || check "build in $dir" build_quietly "$dir" "$@" && built[$dir]=yes
}

build_quietly() {
    local dir=$1
    shift
    cmake -S . -B "$dir" -G Ninja -DGRAPNEL_TESTS=ON -DGRAPNEL_WERROR="${GRAPNEL_WERROR:-OFF}" "$@" && cmake --build "$dir" -j "$jobs"
}

# run_units NAME: every cmocka executable of build/NAME, several at once; a line a file.
run_units() {
    local dir=build/$1 out=$logs/$part-unit one ok bad planned
    rm -rf "$out"
    mkdir -p "$out"
    find "$dir/tests" -maxdepth 1 -name 'unit-*' -type f -executable | sort |
        xargs -r -P "$jobs" -I'{}' tests/lib/run_unit '{}' "$out"
    for one in "$out"/*.tap; do
        [ -e "$one" ] || { count 0 1 "no unit tests in $dir"; return; }
        # What a program didn't get to, because it crashed, has failed too.
        planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p;/^1\.\./q' "$one")
        ok=$(grep -c '^ok ' "$one")
        bad=$((${planned:-1} - ok))
        grep -q '^ended with 0$' "$one" || [ "$bad" -gt 0 ] || bad=1
        count "$ok" "$bad" "$(basename "$one" .tap | sed 's/^unit-//;s/-/\//')" "$one"
    done
}

# run_pytest WHAT BINARY ARGUMENT…: integration tests on that binary, two at a time, each with a Kafka of its own.
run_pytest() {
    local report=$logs/$part-pytest.xml log=$logs/$part-pytest.log
    local binary=$PWD/$2 what=$1
    shift 2
    rm -f "$report"
    GRAPNEL=$binary timeout 1800 /usr/bin/python3 -m pytest -q -n 2 --tb=short --junitxml="$report" \
        --color=no "$@" >"$log" 2>&1 </dev/null
    # shellcheck disable=SC2046  # two numbers
    count $(tests/lib/pytest_counts "$report") "$what" "$log"
}

# need_kafka PACKAGE…: what the tests on a real Kafka need, its jars and the schema registry's among it.
need_kafka() {
    need libcmocka-dev libxml2-dev libxml2-utils default-jre-headless maven nginx-light nghttp2-server openssl curl \
        python3-pytest python3-pytest-xdist python3-pip python3-confluent-kafka python3-requests python3-avro python3-yaml python3-jsonschema "$@" &&
        check "Kafka's jars" tests/kafka/fetch && check "the schema registry" tests/registry/fetch &&
        check "Python's packages" tests/python/fetch
}
