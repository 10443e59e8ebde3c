// One listing over scripted answers, at a time of its own.
#pragma once

#include "scripted.hpp"

#include <unipile/client.hpp>
#include <unipile/manual_clock.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace unipile::test {

using texts = std::vector<std::string>;

/// A stream of 25 posts in pages of ten, unless the test says otherwise. Sends nothing by itself.
struct one_listing {
    one_listing() : one_listing(plain_listing(25, 10)) {}
    explicit one_listing(script s, posts_query query = {}, client_options options = impatient(),
                         const position& from = {})
        : client(context.get_executor(), std::move(s), timed(std::move(options), time)),
          stream(client.posts(complete(std::move(query)), from))
    {}

    static posts_query complete(posts_query query)
    {
        query.account_id = "acc";
        query.identifier = "id";
        return query;
    }
    static client_options timed(client_options options, std::shared_ptr<manual_clock> clock)
    {
        options.clock = std::move(clock);
        return options;
    }
    /// Runs until there is nothing to do but wait.
    void run()
    {
        context.restart();
        context.poll();
    }
    /// Pulls all that is left.
    void finish()
    {
        boost::asio::co_spawn(context, drain(stream, got), [](std::exception_ptr e) {
            if (e) std::rethrow_exception(e);
        });
        run();
    }
    /// One pull: the post's id, or nothing and perhaps a `last_error`.
    std::string next()
    {
        std::string id;
        stream.async_next([&](boost::system::error_code e, std::optional<post> p) {
            last_error = e;
            if (p) id = p->id();
        });
        run();
        return id;
    }
    texts next(std::size_t n)
    {
        texts ids;
        while (ids.size() != n) ids.push_back(next());
        return ids;
    }
    /// The cursors of all requests.
    texts cursors() const
    {
        texts all;
        for (const auto& r : client.transport->requests) all.push_back(r.cursor);
        return all;
    }
    std::size_t requests() const { return client.transport->requests.size(); }
    bool failed_with(errc e) const { return got.failed && got.failed->code() == e; }

    std::shared_ptr<manual_clock> time = std::make_shared<manual_clock>();
    boost::asio::io_context context;
    scripted_client client;
    post_stream stream;
    outcome got;                           ///< of `finish`
    boost::system::error_code last_error;  ///< of `next`
};

/// A listing from its beginning to its end.
struct whole_listing : one_listing {
    explicit whole_listing(script s, posts_query query = {}, client_options options = impatient(),
                           const position& from = {})
        : one_listing(std::move(s), std::move(query), std::move(options), from)
    {
        finish();
    }
};

}  // namespace unipile::test
