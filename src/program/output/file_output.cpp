#include "program/output/file_output.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace unipile::program {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<packing> packing_of(const std::string& path)
{
    try {
        return packing_named(path);
    } catch (const std::invalid_argument& e) {
        throw std::invalid_argument{"--output: " + path + ": " + e.what()};
    }
}

// A name is divided before its extension.
struct divided_name {
    std::string begin, end;
};

divided_name divided(const fs::path& path)
{
    const std::string name = path.filename().string();
    const auto dot = std::min(name.find('.', 1), name.size());
    return {name.substr(0, dot), name.substr(dot)};
}

}  // namespace

std::string part_name(const std::string& path, unsigned number)
{
    const fs::path whole{path};
    const divided_name name = divided(whole);
    char digits[16];
    std::snprintf(digits, sizeof digits, "-%04u", number);
    return (whole.parent_path() / (name.begin + digits + name.end)).string();
}

bool is_part_name(const std::string& path, const std::string& file)
{
    std::error_code error;
    const auto place = [&error](const std::string& p) { return fs::weakly_canonical(fs::absolute(p, error), error); };
    const fs::path whole = place(path), other = place(file);
    if (whole.parent_path() != other.parent_path()) return false;
    const divided_name name = divided(whole);
    const std::string text = other.filename().string();
    if (!text.starts_with(name.begin + '-') || !text.ends_with(name.end)) return false;
    if (text.size() <= name.begin.size() + 1 + name.end.size()) return false;
    const std::string_view middle =
        std::string_view{text}.substr(name.begin.size() + 1, text.size() - name.begin.size() - 1 - name.end.size());
    return middle.find_first_not_of("0123456789") == middle.npos;
}

file_output::file_output(options o) : options_(std::move(o)) { begin_file(); }

void file_output::begin_file()
{
    ++number_;
    const bool rotates = options_.rotate_at > 0;
    packing_ = packing_of(options_.path);
    file_ = std::make_unique<blocking_output>(rotates ? part_name(options_.path, number_) : options_.path);
    written_ = 0;
    empty_ = true;
}

// The header comes with the first line, so that a file keeps what it held until there is one, or until the end.
bool file_output::pass_on(std::string_view lines)
{
    if (options_.rotate_at > 0 && written_ >= options_.rotate_at && !lines.empty()) {
        if (!end_file()) return false;
        begin_file();
    }
    if (std::exchange(empty_, false) && !pack(options_.header)) return false;
    return pack(lines);
}

bool file_output::pack(std::string_view lines)
{
    std::string& out = file_->collected();
    const std::size_t before = out.size();
    if (packing_)
        packing_->add(lines, out);
    else
        out += lines;
    written_ += out.size() - before;
    return file_->collected_more();
}

bool file_output::end_file()
{
    if (packing_) {
        packing_->finish(file_->collected());
        if (!file_->collected_more()) return false;
    }
    return file_->finish(options_.to_disk);
}

bool file_output::finish()
{
    if (!flush() || !end_file()) return false;
    if (options_.rotate_at > 0) remove_later_files();
    return true;
}

void file_output::remove_later_files() const
{
    for (unsigned n = number_ + 1;; ++n) {
        const std::string name = part_name(options_.path, n);
        std::error_code error;
        if (!fs::remove(name, error)) {
            if (error) throw std::system_error{error, name + " can't be removed"};
            return;
        }
    }
}

}  // namespace unipile::program
