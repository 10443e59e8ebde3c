// An output that may be packed, and divided into files of a certain size.
#pragma once

#include "program/output/blocking_output.hpp"
#include "program/output/packing.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace unipile::program {

/// Writes lines to standard output, to a file, or to several. By the name of the file they are packed, see
/// `packing_named`.
class file_output final : public line_output {
public:
    struct options {
        std::string path;             ///< empty or `-`: standard output
        std::uint64_t rotate_at = 0;  ///< bytes of a file from which on the next one is begun; 0: there is one file
        bool to_disk = false;         ///< have all on the disk when it is finished
        std::string header;           ///< the first line of each file
    };
    /// With `rotate_at`, the files are named NAME-0001.EXTENSION and so on; those of that form that were there before
    /// are replaced, and removed if they have higher numbers. Throws std::invalid_argument if a file can't be opened.
    explicit file_output(options o);

    /// Writes the rest; results as for `write`.
    bool finish();

    bool is_terminal() const noexcept override { return file_->is_terminal(); }
    /// Returns the number of files.
    unsigned files() const noexcept { return number_; }

private:
    bool pass_on(std::string_view lines) override;
    void begin_file();
    bool end_file();
    bool pack(std::string_view lines);
    void remove_later_files() const;

    options options_;
    unsigned number_ = 0;
    std::unique_ptr<blocking_output> file_;
    std::unique_ptr<packing> packing_;
    std::uint64_t written_ = 0;  ///< to this file
    bool empty_ = true;          ///< it has no line but the header
};

/// Returns the name of the n-th file into which an output is divided.
std::string part_name(const std::string& path, unsigned number);
/// Returns true if `file` may be the name of a file into which `path` is divided.
bool is_part_name(const std::string& path, const std::string& file);

}  // namespace unipile::program
