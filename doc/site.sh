#!/bin/sh
# usage: site.sh SOURCES MANUAL DIRECTORY    makes the site: guide, manual, papers, examples
#
# The pages lie in DIRECTORY/pages as in the sources, so that links between them hold; man pages are
# in pages/man. mkdocs adds the search and makes DIRECTORY/site of it. Needs mkdocs and mandoc.
set -e
export LC_ALL=C
sources=$1 manual=$2 directory=$3

pages=$directory/pages
for tool in mkdocs mandoc; do
    command -v $tool >/dev/null || { echo "make doc needs $tool (Debian: apt install $tool)" >&2; exit 1; }
done

rm -rf "$directory"
mkdir -p "$pages/doc/guide" "$pages/man" "$pages/examples"
for page in README.md CHANGELOG.md CONTRIBUTING.md SANDBOX.md SECURITY.md LICENSE src/README.md \
    forkserver/README.md tests/README.md tests/bench/README.md examples/README.md \
    doc/design.md doc/guide/*.md doc/*.svg tests/bench/*.svg; do
    for file in "$sources"/$page; do
        test -f "$file" || continue
        to=$pages/${file#"$sources"/}
        mkdir -p "${to%/*}"
        cp "$file" "$to"
    done
done
cp "$sources"/examples/*.c "$sources"/examples/*.cpp "$pages/examples/"
cp -r "$sources/examples/vet" "$sources/examples/httpd" "$pages/examples/"
find "$pages/examples" -mindepth 2 -type f ! -name '*.c' ! -name '*.h' ! -name '*.md' -exec rm {} +

# Links to folders lead to their papers, and those to other files to the text.
find "$pages" -name '*.md' -exec sed -i 's,](doc/guide),](doc/guide/index.md),' {} +

title() # page
{
    sed -n 's/^\.Nd //p' "$1" | head -n 1
}

# Its text, without the lines that paper has on top and at the bottom. mandoc drops empty lines of
# program text, unless there is a space in them.
body() # page
{
    sed 's/^\\&$/\\~/' "$1" | mandoc -Thtml -O fragment,man=%N.%S.html |
        sed 's/^&#x00A0;$/ /; s/^&nbsp;$/ /' |
        awk '/<table class="(head|foot)">/ { skips = 1 } !skips { print } /<\/table>/ { skips = 0 }'
}

put() # page, section
{
    name=${1##*/}
    { echo "# ${name%.*}($2)"; echo; body "$1"; } >"$pages/man/$name.md"
    echo "- [${name%.*}($2)]($name.md) - $(title "$1")"
}

# A page that only names another one (.so) leads there, and is not in the list.
put_all() # page...
{
    for page; do
        target=$(sed -n 's,^\.so man3/,,p' "$page")
        if test -n "$target"; then
            printf '<meta http-equiv="refresh" content="0; url=%s.html">\n' "$target" \
                >"$pages/man/${page##*/}.html"
        else
            put "$page" 3
        fi
    done
}

{
    printf '# Manual\n\n## Overviews\n\n'
    for page in "$sources"/doc/man7/*.7; do put "$page" 7; done
    printf '\n## Functions and types\n\n'
    put_all "$manual"/[a-z]*.3
    printf '\n## Macros and constants\n\n'
    put_all "$manual"/[A-Z]*.3
} >"$directory/manual.md"
mv "$directory/manual.md" "$pages/man/index.md"
cat >"$pages/man/man.css" <<'END'
/* Program text of a hundred columns fits. */
.wy-nav-content { max-width: 960px; }
.wy-nav-content td, .wy-nav-content th { padding: 2px 8px; text-align: left; }
.wy-nav-content table { margin-bottom: 24px; }
.manual-text h1.Sh { font-size: 120%; margin-top: 1.2em; }
.manual-text h2.Ss { font-size: 105%; }
.manual-text pre { font-size: 85%; line-height: 1.3; }
.manual-text code { white-space: normal; border: none; padding: 0; color: inherit; }
END

cat >"$directory/mkdocs.yml" <<END
site_name: forkscope
docs_dir: pages
site_dir: site
use_directory_urls: false
theme:
  name: readthedocs
  highlightjs: false
extra_css: [man/man.css]
plugins: [search]
strict: true
nav:
  - About: README.md
  - Guide:
    - Contents: doc/guide/index.md
$(for page in "$pages"/doc/guide/[0-9cl]*.md; do
    echo "    - '$(sed -n '1s/^# //p' "$page")': doc/guide/${page##*/}"; done)
  - Manual: man/index.md
  - Examples: examples/README.md
  - Sandbox: SANDBOX.md
  - Security: SECURITY.md
  - How it is made:
    - Design notes: doc/design.md
    - Rooms and floors: src/README.md
    - The fork server: forkserver/README.md
    - Tests: tests/README.md
    - Measurements: tests/bench/README.md
    - Contributing: CONTRIBUTING.md
    - Changes: CHANGELOG.md
END
(cd "$directory" && mkdocs build --quiet --strict)
# Every link within the site leads to a page.
missing=$(cd "$directory/site" && find . -name '*.html' -exec perl -ne '
    while (/(?:href|src)="([^"#:?]+)[^"]*"/g) {
        (my $from = $ARGV) =~ s,[^/]*$,,;
        my $to = $1 =~ m{^/} ? ".$1" : "$from$1";
        print "$ARGV: $1\n" unless -e $to;
    }' {} + | sort -u | grep -v '^\./404' || true)
if test -n "$missing"; then
    echo "links that lead nowhere:" "$missing" >&2
    exit 1
fi
echo "made: $directory/site/index.html"
