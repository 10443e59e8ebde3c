#include "bare.hpp"

#include "store/postgres/connection.hpp"
#include "store/postgres/statements.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace benchmark {

namespace {

namespace pg = unipile::store::postgres;
using pg::array;
using pg::query;
using pg::type_id;

constexpr std::int64_t job = 4'611'686'018'427'387'904, bucket = 7;
constexpr const char* hash = "0123456789abcdef";

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void make_tables(pg::connection& db)
{
    db.run(query("DROP SCHEMA IF EXISTS bare CASCADE"));
    db.run(query("CREATE SCHEMA bare"));
    for (const std::string name : {"posts", "sightings", "changes"})
        db.run(query(std::string("CREATE TABLE bare.").append(name).append(" (LIKE unipile.").append(name) +
                     " INCLUDING ALL)"));
    db.run(query("ALTER TABLE bare.posts SET (toast_tuple_target = 256)"));
    db.run(query("CHECKPOINT"));
}

std::vector<query> upserts(const std::vector<post_text>& posts, std::size_t from, std::size_t to)
{
    array id(type_id::text), provider(type_id::text), number(type_id::bigint), at(type_id::timestamp);
    array content(type_id::bytes), body(type_id::text);
    const auto time = unipile::wall_now();
    for (std::size_t i = from; i < to; ++i) {
        id.add(std::string_view(posts[i].id));
        provider.add(std::string_view("LINKEDIN"));
        number.add(static_cast<std::int64_t>(i) * 1'000'003);
        at.add(time);
        content.add(pg::bytes{hash});
        body.add(std::string_view(posts[i].json));
    }
    query post(
        "INSERT INTO bare.posts AS p (id, provider, job, bucket, view, published, first_seen, changed, content, "
        "counters, own, links, body) SELECT id, provider, $7, $8, $7, t, t, t, c, n, n, n, body "
        "FROM (SELECT unnest($1) AS id, unnest($2) AS provider, unnest($3) AS n, unnest($4) AS t, unnest($5) AS c, "
        "unnest($6) AS body) AS x "
        "ON CONFLICT (id, provider) DO UPDATE SET view = excluded.view, changed = excluded.changed, "
        "content = excluded.content, counters = excluded.counters, own = excluded.own, links = excluded.links, "
        "body = excluded.body WHERE p.content <> excluded.content OR p.counters <> excluded.counters");
    query sighting(
        "INSERT INTO bare.sightings AS s (bucket, job, id, provider, place, walk, finder, first_seen, last_seen) "
        "SELECT $5, $4, id, provider, 3, 1, true, t, t FROM unnest($1, $2, $3) AS x(id, provider, t) "
        "ON CONFLICT (bucket, job, id, provider) DO UPDATE SET place = excluded.place, last_seen = excluded.last_seen");
    query change(
        "INSERT INTO bare.changes (bucket, seq, n, at, kind, job, id, provider) "
        "SELECT $5, $6, row_number() OVER (), t, 1, $4, id, provider FROM unnest($1, $2, $3) AS x(id, provider, t)");
    for (query* q : {&sighting, &change}) q->add(id).add(provider).add(at).add(job).add(bucket);
    change.add(static_cast<std::int64_t>(from));
    post.add(std::move(id)).add(std::move(provider)).add(std::move(number)).add(std::move(at));
    post.add(std::move(content)).add(std::move(body)).add(job).add(bucket);
    std::vector<query> batch{query(pg::begin)};
    for (query* q : {&post, &sighting, &change}) batch.push_back(std::move(*q));
    batch.emplace_back(pg::commit);
    return batch;
}

void append_escaped(std::string& out, std::string_view text)
{
    for (const char c : text) {
        if (c == '\\') out += '\\';
        out += c;
    }
}

std::string lines(const std::vector<post_text>& posts, std::size_t from, std::size_t to)
{
    std::string out;
    for (std::size_t i = from; i < to; ++i) {
        out += posts[i].id;
        out +=
            "\tLINKEDIN\t1\t7\t1\t2024-05-06 07:08:09Z\t2024-05-06 07:08:09Z\t2024-05-06 07:08:09Z\t"
            "\\\\x30313233343536373839616263646566\t";
        out += std::to_string(i) + "\t2\t3\t";
        append_escaped(out, posts[i].json);
        out += '\n';
    }
    return out;
}

void require(bool good, PGconn* db)
{
    if (!good) throw std::runtime_error(PQerrorMessage(db));
}

void execute(PGconn* db, const char* sql, ExecStatusType wanted)
{
    PGresult* const result = PQexec(db, sql);
    const bool good = PQresultStatus(result) == wanted;
    PQclear(result);
    require(good, db);
}

}  // namespace

double bare_upserts(const std::string& address, const std::vector<post_text>& posts)
{
    pg::connection db{pg::conninfo(address)};
    make_tables(db);
    const double began = now();
    for (std::size_t i = 0; i < posts.size(); i += group_size)
        db.run(upserts(posts, i, std::min(i + group_size, posts.size())));
    return now() - began;
}

double bare_copy(const std::string& address, const std::vector<post_text>& posts)
{
    pg::connection tables{pg::conninfo(address)};
    make_tables(tables);
    PGconn* const db = PQconnectdb(address.c_str());
    require(PQstatus(db) == CONNECTION_OK, db);
    const double began = now();
    for (std::size_t i = 0; i < posts.size(); i += group_size) {
        const std::string text = lines(posts, i, std::min(i + group_size, posts.size()));
        execute(db,
                "COPY bare.posts (id, provider, job, bucket, view, published, first_seen, changed, content, counters, "
                "own, links, body) FROM STDIN",
                PGRES_COPY_IN);
        require(PQputCopyData(db, text.data(), static_cast<int>(text.size())) == 1 && PQputCopyEnd(db, nullptr) == 1,
                db);
        PGresult* const result = PQgetResult(db);
        const bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
        require(good, db);
        while (PGresult* const rest = PQgetResult(db)) PQclear(rest);
    }
    const double seconds = now() - began;
    PQfinish(db);
    return seconds;
}

}  // namespace benchmark
