// What `unipile export` does.
#include "program/command.hpp"
#include "program/export/arguments.hpp"
#include "program/export/post_columns.hpp"
#include "program/export/state_file.hpp"
#include "program/export/tables.hpp"
#include "program/options/command_files.hpp"
#include "program/options/connection_options.hpp"
#include "program/options/sizes.hpp"
#include "program/output/file_output.hpp"
#include "program/output/json_lines.hpp"
#include "program/output/sorted_lines.hpp"
#include "program/stored/open_store.hpp"
#include "program/stored/usable_store.hpp"
#include "program/terminal/safe_text.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace unipile::program {
namespace {

using names = std::vector<std::string_view>;

/// Returns the places of the chosen columns among all. Throws std::invalid_argument for one that is not among them.
std::vector<std::size_t> places_of(std::span<const std::string_view> chosen, const names& all)
{
    std::vector<std::size_t> places;
    for (const std::string_view name : chosen) {
        const auto at = std::find(all.begin(), all.end(), name);
        if (at == all.end()) {
            std::string line = "--columns: there is no column " + printable(name, 60) + "; there are";
            for (const std::string_view one : all) (line += one == all.front() ? " " : ", ") += one;
            throw std::invalid_argument{line};
        }
        places.push_back(static_cast<std::size_t>(at - all.begin()));
    }
    return places;
}

/// Throws std::invalid_argument for a name that comes twice.
names names_in(std::string_view list)
{
    names all;
    for (;;) {
        const auto comma = list.find(',');
        const std::string_view name = list.substr(0, comma);
        if (std::find(all.begin(), all.end(), name) != all.end())
            throw std::invalid_argument{"--columns: " + printable(name, 60) + " comes twice; name each column once"};
        all.push_back(name);
        if (comma == list.npos) return all;
        list.remove_prefix(comma + 1);
    }
}

std::unique_ptr<row_format> format_of(const export_options& o) { return o.format == "csv" ? csv_rows() : json_rows(); }

names all_post_columns()
{
    names all;
    for (const post_column& c : post_columns()) all.push_back(c.name);
    return all;
}

/// The columns of posts that are written.
names chosen_post_columns(const export_options& o)
{
    if (!o.columns.empty()) return names_in(o.columns);
    names chosen;
    if (o.changes) chosen.emplace_back("change");
    const auto add = [&](const auto& usual) { chosen.insert(chosen.end(), usual.begin(), usual.end()); };
    if (o.format == "csv")
        add(usual_csv_columns);
    else
        add(usual_envelope_columns);
    return chosen;
}

/// Writes posts as rows.
class post_rows {
public:
    explicit post_rows(const export_options& o)
        : names_(chosen_post_columns(o)), places_(places_of(names_, all_post_columns())), format_(format_of(o))
    {}

    std::string header() const { return format_->header(names_); }
    bool add(line_output& out, post_row row)
    {
        cells_.clear();
        for (const std::size_t place : places_) cells_.push_back(post_columns()[place].value(row));
        format_->append(out.collected(), names_, cells_, out.is_terminal());
        return out.collected_more();
    }

private:
    names names_;
    std::vector<std::size_t> places_;
    std::unique_ptr<row_format> format_;
    std::vector<cell> cells_;
};

/// Writes the rows of a table.
class table_rows {
public:
    table_rows(const export_options& o, const table& t) : table_(t), format_(format_of(o))
    {
        const names all{t.names.begin(), t.names.end()};
        names_ = o.columns.empty() ? all : names_in(o.columns);
        places_ = places_of(names_, all);
    }

    std::string header() const { return format_->header(names_); }
    void write(store::post_reader& reader, const store::post_filter& filter, line_output& out)
    {
        sorted_lines sorted;
        table_.read(reader, filter, [&](std::span<const cell> row, std::int64_t key) {
            cells_.clear();
            for (const std::size_t place : places_) cells_.push_back(row[place]);
            if (!table_.sorted) {
                format_->append(out.collected(), names_, cells_, out.is_terminal());
                return out.collected_more();
            }
            line_.clear();
            format_->append(line_, names_, cells_, out.is_terminal());
            sorted.add(key, line_);
            return true;
        });
        sorted.read([&out](std::string_view line) { return out.write(line); });
    }

private:
    const table& table_;
    std::unique_ptr<row_format> format_;
    names names_;
    std::vector<std::size_t> places_;
    std::vector<cell> cells_;
    std::string line_;
};

file_output output_of(const export_options& o, std::string header)
{
    file_output::options out;
    out.path = o.output;
    out.rotate_at = parse_size(o.rotate).value_or(0);
    out.to_disk = !o.state.empty();
    out.header = std::move(header);
    return file_output{std::move(out)};
}

int export_changes(store::post_reader& reader, const export_options& o)
{
    post_rows rows{o};
    const std::string after = o.state.empty() ? o.after : read_state(o.state);
    file_output out = output_of(o, rows.header());
    std::string next;
    open_usable([&] {
        next = reader.changes(after,
                              [&](const store::changed_post& c) { return rows.add(out, post_row{c.post, c.kind}); });
    });
    if (!out.finish() || next.empty()) {
        std::cerr << "unipile: the output's reader ended before the last post, so the place stays where it was\n";
        return exit_code::some_incomplete;
    }
    if (o.state.empty())
        std::cerr << "next: " << next << '\n';
    else
        write_state(o.state, next);
    return exit_code::all_complete;
}

int export_posts(store::post_reader& reader, const export_options& o)
{
    store::post_filter filter = make_filter(o);
    filter.only_json = o.format == "ndjson";
    if (filter.only_json) {
        file_output out = output_of(o, {});
        json_lines lines{out};
        reader.posts(filter, [&lines](const store::stored_post& p) { return lines.add(p.json); });
        lines.finish();
        out.finish();
        return exit_code::all_complete;
    }
    post_rows rows{o};
    file_output out = output_of(o, rows.header());
    reader.posts(filter, [&](const store::stored_post& p) { return rows.add(out, post_row{p}); });
    out.finish();
    return exit_code::all_complete;
}

const table& table_of(const export_options& o)
{
    return *std::find_if(tables().begin(), tables().end(), [&o](const table& t) { return t.what == o.what; });
}

/// Throws std::invalid_argument for a filter that the table would not obey.
void check_filter(const table& t, const export_options& o)
{
    const auto refuse = [&](choosable least, const char* option, bool given) {
        if (given && t.by < least)
            throw std::invalid_argument{std::string{option} + ": --what " + std::string{t.what} +
                                        " can't be divided by it; leave it out, and filter what is written"};
    };
    refuse(choosable::listings, "--account", !o.account.empty());
    refuse(choosable::listings, "--identifier", !o.identifier.empty());
    refuse(choosable::posts, "--since", !o.since.empty());
    refuse(choosable::posts, "--until", !o.until.empty());
    refuse(choosable::posts, "--without-gone", o.without_gone);
}

int export_table(store::post_reader& reader, const export_options& o)
{
    table_rows rows{o, table_of(o)};
    file_output out = output_of(o, rows.header());
    rows.write(reader, make_filter(o), out);
    out.finish();
    return exit_code::all_complete;
}

void check_files(const export_options& o)
{
    command_files files;
    files.opens_store("--store", o.store);
    files.writes_lines("--output", o.output);
    files.writes("--state", o.state);
    files.check();
    if (o.rotate.empty()) return;
    if (o.output == "-") throw std::invalid_argument{"--rotate: standard output is no file; name one with --output"};
    for (const std::string& other : {o.store, o.state})
        if (is_part_name(o.output, other))
            throw std::invalid_argument{"--output: " + printable(other) +
                                        " is named as its parts are, so it could be replaced; name another file"};
}

}  // namespace

store::post_filter make_filter(const export_options& o)
{
    store::post_filter filter;
    if (!o.account.empty()) filter.account = o.account;
    if (!o.identifier.empty()) filter.identifier = o.identifier;
    filter.since = read_time("--since", o.since);
    filter.until = read_time("--until", o.until);
    filter.undated = !filter.since && !filter.until;
    filter.gone = !o.without_gone;
    return filter;
}

std::string_view format_named(std::string_view file) noexcept
{
    file = unpacked_name(file);
    if (file.ends_with(".csv")) return "csv";
    return file.ends_with(".ndjson") || file.ends_with(".jsonl") ? "ndjson" : "";
}

int run_export(const export_options& o)
{
    check_files(o);
    static_cast<void>(make_filter(o));
    if (o.what != "posts") check_filter(table_of(o), o);
    std::unique_ptr<store::post_reader> reader;
    open_usable([&] { reader = open_reader(o.store); });
    if (o.changes) return export_changes(*reader, o);
    return o.what == "posts" ? export_posts(*reader, o) : export_table(*reader, o);
}

}  // namespace unipile::program
