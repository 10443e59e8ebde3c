#include <unipile/read.hpp>

#include <unipile/client.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/errc.hpp>

#include <utility>

namespace unipile {

namespace paging {

class blocking_listing {
public:
    blocking_listing(client_options options, posts_query query, const position& from)
        : client_(context_, std::move(options)), stream_(client_.posts(std::move(query), from))
    {}

    const post_stream& stream() const noexcept { return stream_; }
    std::optional<post>& current() noexcept { return current_; }

    void begin()
    {
        const auto end = stream_.end_reason();
        if (!current_ && (end == end_reason::none || is_failure(end))) advance();
    }
    void advance()
    {
        current_ = stream_.try_next();
        if (!current_) wait();
    }

private:
    void wait()
    {
        if (std::exchange(over_, false))
            stream_.async_next([this](boost::system::error_code e, std::optional<post> p) {
                code_ = e;
                current_ = std::move(p);
                over_ = true;
            });
        context_.restart();
        while (!over_) {
            if (context_.run_one() != 0) continue;
            over_ = true;  // GCOVR_EXCL_LINE: there was no memory for the pull's end
            throw failure(make_error_code(boost::system::errc::not_enough_memory));  // GCOVR_EXCL_LINE: see above
        }
        if (!code_) return;
        if (auto f = stream_.last_failure()) throw failure(std::move(*f));
        throw failure(code_);
    }

    boost::asio::io_context context_{1};
    client client_;
    post_stream stream_;
    std::optional<post> current_;
    boost::system::error_code code_;
    bool over_ = true;  // no pull is outstanding
};

}  // namespace paging

post& post_range::iterator::operator*() const noexcept { return *from_->current(); }

post_range::iterator& post_range::iterator::operator++()
{
    from_->advance();
    return *this;
}

bool post_range::iterator::at_end() const noexcept { return !from_ || !from_->current(); }

post_range::post_range(std::unique_ptr<paging::blocking_listing> listing) noexcept : listing_(std::move(listing)) {}
post_range::post_range(post_range&&) noexcept = default;
post_range& post_range::operator=(post_range&&) noexcept = default;
post_range::~post_range() = default;

post_range::iterator post_range::begin()
{
    listing_->begin();
    return iterator(*listing_);
}

end_reason post_range::end_reason() const noexcept { return listing_->stream().end_reason(); }
std::optional<failure> post_range::last_failure() const { return listing_->stream().last_failure(); }
position post_range::position() const { return listing_->stream().position(); }
const stream_stats& post_range::stats() const noexcept { return listing_->stream().stats(); }

post_range read(client_options options, posts_query query, const position& from)
{
    return post_range(std::make_unique<paging::blocking_listing>(std::move(options), std::move(query), from));
}

}  // namespace unipile
