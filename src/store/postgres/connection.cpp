#include "store/postgres/connection.hpp"

#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

namespace unipile::store::postgres {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds slice = 200ms;
constexpr int binary = 1;

// Bytes of parameters; more than libpq sends at once anyway.
constexpr std::size_t large_query = std::size_t{64} * 1024;

std::chrono::milliseconds since(clock::time_point t)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - t);
}

// Bytes that were decrypted and not read yet; poll(2) does not show them.
bool has_pending_bytes(PGconn* session)
{
    auto* tls = static_cast<SSL*>(PQsslStruct(session, "OpenSSL"));
    return tls != nullptr && SSL_pending(tls) > 0;
}

// Returns the SQLSTATE in a message of the login, which libpq gives no other way: "FATAL:  57P03: the database ...".
std::string_view sqlstate_in(std::string_view message)
{
    constexpr std::size_t length = 5;
    constexpr std::string_view before = ":  ";
    const auto is_code = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    for (std::size_t at = message.find(before); at != std::string_view::npos; at = message.find(before, at + 1)) {
        const std::string_view rest = message.substr(at + before.size());
        if (rest.size() > length && rest[length] == ':' && std::ranges::all_of(rest.substr(0, length), is_code))
            return rest.substr(0, length);
    }
    return {};
}

std::string no_answer(std::chrono::milliseconds time)
{
    return "no answer for " + std::to_string(time.count()) + " ms";
}

// Closes a connection in the middle of something unless that is done, so that results are never taken for others.
template <class Close>
class unless_done {
public:
    explicit unless_done(Close close) : close_(std::move(close)) {}
    unless_done(const unless_done&) = delete;
    unless_done& operator=(const unless_done&) = delete;
    ~unless_done()
    {
        if (!done_) close_();
    }
    void done() noexcept { done_ = true; }

private:
    Close close_;
    bool done_ = false;
};

// Returns the lines of libpq's message that say what happened, without its hints, and without the place in the server's
// source.
std::string essence_of(std::string_view message)
{
    std::string result;
    while (!message.empty()) {
        const std::string_view line = message.substr(0, message.find('\n'));
        message.remove_prefix(std::min(line.size() + 1, message.size()));
        if (line.starts_with('\t') || line.starts_with("LOCATION:") || line == "invalid socket") continue;
        result.append(line).append("\n");
    }
    return result;
}

}  // namespace

connection::connection(conninfo where, connection_options options)
    : where_(std::move(where)), options_(std::move(options))
{
    if (const auto given = where_.connect_timeout()) options_.connect_timeout = *given;
}

bool connection::connected() const noexcept { return session_ && PQstatus(session_.get()) == CONNECTION_OK; }

bool connection::in_transaction() const noexcept
{
    return connected() && PQtransactionStatus(session_.get()) != PQTRANS_IDLE;
}

void connection::fail(const failure& why) const
{
    const store_errc reason = why.reason ? *why.reason : reason_of(why.kind, why.sqlstate);
    throw database_error(why.kind, reason, name(), why.sqlstate, why.message, why.statement);
}

void connection::lose(std::string_view message)
{
    failure why;
    why.message = essence_of(message);
    reset();
    fail(why);
}

void connection::ask(time_point began)
{
    if (!options_.while_waiting || clock::now() - asked_ < slice) return;
    asked_ = clock::now();
    if (options_.while_waiting(since(began))) return;
    reset();
    failure why;
    why.kind = error_kind::interrupted;
    fail(why);
}

// Returns false at the deadline.
bool connection::wait(short events, time_point began, time_point deadline)
{
    for (;;) {
        ask(began);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
        if (left <= 0ms) return false;
        pollfd descriptor{PQsocket(session_.get()), events, 0};
        const int ready = ::poll(&descriptor, 1, static_cast<int>(std::min(left, slice).count()));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) lose("the connection can't be waited on");  // GCOVR_EXCL_BR_LINE no memory
    }
}

void connection::pause(time_point began, std::chrono::milliseconds time)
{
    const auto until = clock::now() + time;
    while (clock::now() < until) {
        ask(began);
        std::this_thread::sleep_for(std::min<clock::duration>(slice / 2, until - clock::now()));
    }
}

void connection::connect(std::chrono::milliseconds patience)
{
    if (connected()) return;
    reset();
    const auto began = clock::now();
    asked_ = began;
    trouble_.clear();
    constexpr std::chrono::milliseconds shortest_pause = 50ms;
    constexpr std::chrono::milliseconds longest_pause = 1s;
    for (auto rest = shortest_pause;; rest = std::min(2 * rest, longest_pause)) {
        const failure why = try_hosts(began);
        if (connected()) return make_usable();
        const bool starting = why.sqlstate == "57P03";
        const auto bound = starting ? std::max(patience, options_.start_patience) : patience;
        if (why.kind != error_kind::lost || since(began) + rest > bound) fail(why);
        trouble_ = why.message;
        pause(began, rest);
    }
}

// Returns why the last host was not reached, but "starting up" if that is true for any.
connection::failure connection::try_hosts(time_point began)
{
    failure result;
    for (const conninfo::host& host : where_.hosts()) {
        failure why;
        if (open(host, began, why)) return why;
        reset();
        if (why.kind != error_kind::lost) return why;
        if (result.message.empty())
            result.reason = why.reason;
        else
            result.message += "; ";
        result.message += one_line(why.message);
        if (result.reason != why.reason) result.reason = store_errc::unreachable;
        if (result.sqlstate != "57P03") result.sqlstate = why.sqlstate;
    }
    return result;
}

bool connection::open(const conninfo::host& host, time_point began, failure& why)
{
    const auto parameters = where_.parameters(host);
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    session_.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
    if (!session_) throw std::bad_alloc();  // GCOVR_EXCL_LINE libpq's own allocation
    PGconn* session = session_.get();
    PQsetNoticeReceiver(session, [](void*, const PGresult*) {}, nullptr);
    PQsetErrorVerbosity(session, PQERRORS_VERBOSE);  // puts the SQLSTATE into the message

    const auto deadline = clock::now() + options_.connect_timeout;
    auto next = PQstatus(session) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED) {
        if (!wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, began, deadline)) {
            why.message = no_answer(options_.connect_timeout) + " from " + conninfo::name_of(host);
            return false;
        }
        next = PQconnectPoll(session);
    }
    if (next == PGRES_POLLING_OK) return true;
    const std::string message = essence_of(PQerrorMessage(session));
    const std::string_view sqlstate = sqlstate_in(message);
    const login_fault fault = fault_of_login(sqlstate, message, PQconnectionNeedsPassword(session) != 0);
    why.kind = fault.kind;
    why.reason = fault.reason;
    why.sqlstate = sqlstate;
    why.message = message;
    return false;
}

// Prepares a new session.
void connection::make_usable()
{
    PGconn* session = session_.get();
    unless_done usable([this] { reset(); });
    PQsetErrorVerbosity(session, PQERRORS_DEFAULT);
    const char* encoding = PQparameterStatus(session, "server_encoding");
    if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
        const std::string found = encoding == nullptr ? "unknown" : encoding;
        throw store_error(store_errc::bad_address, name(),
                          "the database has the encoding " + found + ": create one with the encoding UTF8");
    }
    if (PQsetnonblocking(session, 1) != 0 || PQenterPipelineMode(session) == 0)  // GCOVR_EXCL_BR_LINE idle
        lose(PQerrorMessage(session));                                           // GCOVR_EXCL_LINE
    usable.done();
}

rows connection::run(const query& one)
{
    std::vector<rows> results = run(std::span(&one, 1));
    return std::move(results.front());
}

std::vector<rows> connection::run(std::span<const query> batch)
{
    std::vector<rows> results;
    if (batch.empty()) return results;
    connect();
    results.reserve(batch.size());
    const auto began = clock::now();
    asked_ = began;
    unless_done received([this] { reset(); });
    const auto deadline = began + options_.answer_timeout;
    for (const query& q : batch) {
        send(q, began, deadline);
        if (!connected()) break;  // what has been received holds the reason
    }
    if (connected() && PQpipelineSync(session_.get()) == 0) lose(PQerrorMessage(session_.get()));
    std::vector<failure> failures;
    receive(began, deadline, results, failures);
    received.done();
    if (failures.empty()) return results;
    roll_back();
    fail(failures.front());
}

void connection::send(const query& q, time_point began, time_point deadline)
{
    std::vector<Oid> types;
    std::vector<const char*> values;
    std::vector<int> lengths;
    for (const auto& p : q.parameters_) {
        types.push_back(p.type);
        values.push_back(p.null ? nullptr : p.wire.data());
        lengths.push_back(static_cast<int>(p.wire.size()));
    }
    const std::vector<int> formats(types.size(), binary);
    if (PQsendQueryParams(session_.get(), q.sql_.c_str(), static_cast<int>(types.size()), types.data(), values.data(),
                          lengths.data(), formats.data(), binary) == 0) {
        if (!connected()) return;
        lose(PQerrorMessage(session_.get()));  // GCOVR_EXCL_LINE no memory
    }
    if (std::accumulate(lengths.begin(), lengths.end(), std::size_t{0}) >= large_query) send_all(began, deadline);
}

// libpq moves what is unsent to the front of its buffer at each attempt to send, and makes some with each query. So a
// large query leaves before the next one is added.
void connection::send_all(time_point began, time_point deadline)
{
    PGconn* session = session_.get();
    for (;;) {
        if (PQflush(session) <= 0) return;
        if (!wait(POLLIN | POLLOUT, began, deadline)) lose(no_answer(options_.answer_timeout));
        if (PQconsumeInput(session) == 0) return;
    }
}

// Reads the results of all statements and the end of the batch.
void connection::receive(time_point began, time_point deadline, std::vector<rows>& results,
                         std::vector<failure>& failures)
{
    std::size_t statement = 0;
    for (;;) {
        rows result(next_result(began, deadline));
        if (result.get() == nullptr) {
            // Ends a statement's results; none come any more if the connection has ended.
            if (!connected()) lose(PQerrorMessage(session_.get()));
            ++statement;
            continue;
        }
        switch (PQresultStatus(result.get())) {
            case PGRES_COMMAND_OK:
            case PGRES_TUPLES_OK:
            case PGRES_EMPTY_QUERY: results.push_back(std::move(result)); break;
            case PGRES_PIPELINE_SYNC: return;
            case PGRES_PIPELINE_ABORTED: break;
            default: {
                failure why = failure_of(result.get(), statement);
                if (why.kind == error_kind::lost || !connected()) {
                    why.kind = error_kind::lost;
                    reset();
                    fail(why);
                }
                failures.push_back(std::move(why));
            }
        }
    }
}

PGresult* connection::next_result(time_point began, time_point deadline)
{
    PGconn* session = session_.get();
    for (;;) {
        const int unsent = PQflush(session);
        if (PQisBusy(session) == 0) return PQgetResult(session);
        if (!has_pending_bytes(session)) {
            const auto events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
            if (!wait(events, began, deadline)) lose(no_answer(options_.answer_timeout));
        }
        if (PQconsumeInput(session) == 0) {
            // What had come before may hold the reason.
            if (PQisBusy(session) == 0) return PQgetResult(session);
            lose(PQerrorMessage(session));
        }
    }
}

connection::failure connection::failure_of(const PGresult* result, std::size_t statement) const
{
    const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    failure why;
    why.statement = statement;
    why.sqlstate = sqlstate == nullptr ? "" : sqlstate;
    why.message = message == nullptr ? essence_of(PQresultErrorMessage(result)) : message;
    why.kind = sqlstate == nullptr ? error_kind::other : kind_of(sqlstate);
    return why;
}

void connection::roll_back() noexcept
{
    try {
        if (!in_transaction()) return;
        const auto began = clock::now();
        std::vector<rows> results;
        std::vector<failure> failures;
        const auto deadline = began + options_.connect_timeout;
        send(query("ROLLBACK"), began, deadline);
        if (PQpipelineSync(session_.get()) == 0) return reset();
        receive(began, deadline, results, failures);
        if (!failures.empty()) reset();
    } catch (const std::exception&) {
        reset();
    }
}

}  // namespace unipile::store::postgres
