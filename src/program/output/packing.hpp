// Compression by the name of a file.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace unipile::program {

/// Packs one stream of bytes.
class packing {
public:
    packing() = default;
    packing(const packing&) = delete;
    packing& operator=(const packing&) = delete;
    virtual ~packing() = default;

    /// Appends what is packed of `bytes` and what was given before, as far as it is ready.
    virtual void add(std::string_view bytes, std::string& out) = 0;
    /// Appends the rest. No more can be added then.
    virtual void finish(std::string& out) = 0;
};

/// Returns how a file of that name is packed: by gzip for `.gz`, by zstd for `.zst`; null for other names. Throws
/// std::invalid_argument for `.zst` if this program was built without zstd.
std::unique_ptr<packing> packing_named(std::string_view file);

/// Returns the name of a file without `.gz` or `.zst` at its end.
std::string_view unpacked_name(std::string_view file) noexcept;

}  // namespace unipile::program
