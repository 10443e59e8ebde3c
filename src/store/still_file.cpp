#include "store/still_file.hpp"

#include "store/owner_lock.hpp"
#include "store/sqlite_connection.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace unipile::store {

namespace {

bool may(const char* name, int what) noexcept { return ::faccessat(AT_FDCWD, name, what, AT_EACCESS) == 0; }

class checking final : public post_reader {
public:
    checking(std::unique_ptr<post_reader> reader, still_file file) : reader_(std::move(reader)), file_(std::move(file))
    {}

    std::uint64_t posts(const post_filter& filter, const std::function<bool(const stored_post&)>& visit) override
    {
        return checked([&] { return reader_->posts(filter, visit); });
    }
    std::string changes(const std::string& after, const std::function<bool(const changed_post&)>& visit) override
    {
        return checked([&] { return reader_->changes(after, visit); });
    }
    std::uint64_t counters(const std::function<bool(const counted_post&)>& visit) override
    {
        return checked([&] { return reader_->counters(visit); });
    }
    std::uint64_t jobs(const job_filter& filter, const std::function<bool(const stored_job&)>& visit) override
    {
        return checked([&] { return reader_->jobs(filter, visit); });
    }
    std::uint64_t accounts(const std::function<bool(const account_row&, const account_summary&)>& visit) override
    {
        return checked([&] { return reader_->accounts(visit); });
    }
    std::uint64_t quarantined(
        const std::function<bool(const job_spec&, const quarantined_row&, wall_time)>& visit) override
    {
        return checked([&] { return reader_->quarantined(visit); });
    }
    store_summary summary() override
    {
        return checked([&] { return reader_->summary(); });
    }
    std::string tenant() override
    {
        return checked([&] { return reader_->tenant(); });
    }
    settings current_settings() override
    {
        return checked([&] { return reader_->current_settings(); });
    }
    std::optional<bool> harvesting() override { return reader_->harvesting(); }

private:
    template <class F>
    auto checked(F read) -> std::invoke_result_t<F&>
    {
        try {
            auto result = read();
            file_.check();
            return result;
        } catch (const store_error&) {
            // A file that changes may look damaged.
            file_.check();
            throw;
        }
    }

    std::unique_ptr<post_reader> reader_;
    still_file file_;
};

}  // namespace

bool is_for_reading_only(const std::string& file)
{
    const auto folder = std::filesystem::path(real_name(file)).parent_path();
    return may(file.c_str(), R_OK) && !may(folder.empty() ? "." : folder.c_str(), W_OK);
}

still_file::still_file(const std::string& file) : file_(file), before_(look_at(file)) {}

still_file::look still_file::look_at(const std::string& file)
{
    look seen;
    struct stat found = {};
    if (::stat(file.c_str(), &found) == 0)
        seen.file = {found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
    seen.log = log_size(file) > 0;
    seen.written = owner_lock::is_held(file).value_or(false);
    return seen;
}

void still_file::check() const
{
    const look now = look_at(file_);
    if (before_.log) throw store_error(store_errc::log_out_of_reach, file_);
    if (now.log || now.written || now.file != before_.file)
        throw store_error(store_errc::interrupted, file_, "it was written to meanwhile");
}

std::unique_ptr<post_reader> checked_reader(std::unique_ptr<post_reader> reader, still_file file)
{
    return std::make_unique<checking>(std::move(reader), std::move(file));
}

}  // namespace unipile::store
