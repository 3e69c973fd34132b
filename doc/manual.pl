#!/usr/bin/perl
# usage: manual.pl SOURCE FOLDER
# Makes the man pages of section 3 from the public headers of SOURCE, into FOLDER. A comment with
# the declarations below it is a page; so is the comment on top of a header. CONTRIBUTING.md says
# how such a comment looks. What is irregular is named on standard error, and is in the pages all
# the same.
use strict;
use warnings;

my ($top, $out) = @ARGV;
defined $out or die "usage: manual.pl SOURCE FOLDER\n";
require "$top/doc/declarations.pl";
require "$top/doc/mdoc.pl";

my $ours =
    qr/^(?:scoped|remote|procspawn|forkscope)(?!\w*__)|^(?:SCOPED|PROCSPAWN|FORKSCOPE)_(?!\w*__)/i;
my (@headers, @pages, %page_of, %kind_of, %fork_of, %meaning);

sub complain {
    my ($where, $what) = @_;
    print STDERR "$where: $what\n";
}

sub slurp {
    my ($path) = @_;
    open(my $file, '<', $path) or die "$path: $!\n";
    local $/;
    return scalar <$file>;
}

# ---- reading ----

my %reached;

sub reach {    # what forkscope.h brings
    my ($name) = @_;
    return if $reached{$name}++;
    reach($_) for slurp("$top/include/$name") =~ /^#include <(forkscope[^>]*)>/mg;
}
reach('forkscope.h');

for my $path (glob("$top/include/*.h $top/include/*.hpp $top/include/forkscope/*.h")) {
    my $text = slurp($path);
    next if $text =~ /Not to be included by itself/;
    (my $name = $path) =~ s,^\Q$top\E/include/,,;
    my $header = read_header($name, $text);
    ($header->{page} = $name) =~ s,/,_,g;
    $header->{include} = $reached{$name} ? 'forkscope.h' : $name;
    push @headers, $header;
    for my $block (@{ $header->{blocks} }) {
        my @public = grep { $_->{name} =~ $ours } @{ $block->{declarations} };
        if (!@{ $block->{comment} }) {
            complain("$name:$block->{line}", "no comment above $_->{name}")
                for grep { $_->{kind} ne 'forward' } @public;
            next;
        }
        next unless @public;
        my ($main) = grep { $_->{kind} =~ /^(?:function|call macro)$/ } @public;
        push @pages,
            {
            name         => ($main || $public[0])->{name},
            declarations => \@public,
            comment      => parse_comment($block->{comment}),
            header       => $header,
            where        => "$name:$block->{line}"
            };
    }
    $header->{comment} = parse_comment($header->{lines});
}

# A type with the name of a function stands on the page of that function.
my %named = map { $_->{name} => $_ } grep {
    grep { $_->{kind} eq 'function' } @{ $_->{declarations} }
} @pages;
@pages = grep {
    my $function = $named{ $_->{name} };
    if ($function && $function != $_) {
        unshift @{ $function->{declarations} }, @{ $_->{declarations} };
        $function->{types} = $_->{comment}{paragraphs};
    }
    !$function || $function == $_;
} @pages;

for my $page (@pages) {
    for my $declaration (@{ $page->{declarations} }) {
        my $name = $declaration->{name};
        $page_of{$name} = $page->{name};
        $kind_of{$name} = $declaration->{kind};
        $fork_of{$name} = $page->{comment}{tags}{Fork} if $page->{comment}{tags}{Fork};
        for my $member (@{ $declaration->{members} || [] }) {
            next unless $declaration->{kind} eq 'enum';
            $page_of{ $member->{name} } ||= $page->{name};
            $kind_of{ $member->{name} } ||= 'constant';
            $meaning{ $member->{name} } = $member->{comment}
                if $member->{name} =~ /^[A-Z]+_E[A-Z]+$/;
        }
    }
}
for my $header (@headers) {
    for my $name (split /,\s*/, $header->{comment}{tags}{Defines} || '') {
        $page_of{$name} = $header->{page};
        $kind_of{$name} = $name =~ /^[A-Z]/ ? 'call macro' : 'struct';
        push @{ $header->{defines} }, $name;
    }
    next unless $header->{name} =~ /error\.h$/;
    for my $paragraph (@{ $header->{comment}{paragraphs} }) {
        next unless $paragraph->{kind} eq 'table';
        for my $row (@{ $paragraph->{rows} }) {
            $meaning{$_} ||= $row->{text} for $row->{tag} =~ /-E[A-Z0-9]+/g;
        }
    }
}
set_names(\%page_of, \%kind_of,
    { map { $_->{name} =~ m,([^/]+)$, ? ($1 => $_->{page}) : () } @headers });

# The program for a page uses one of its names, the first name if there is such a program. Those
# that were written for the manual come before those of the course, short ones before long ones.
my @programs;
for my $path (glob("$top/doc/examples/*.c"), glob("$top/examples/*.c")) {
    my $text = slurp($path);
    (my $code = $text) =~ s,/\*.*?\*/,,gs;
    (my $name = $path) =~ s,^\Q$top\E/,,;
    push @programs,
        {
        name  => $name,
        text  => $text,
        lines => ($text                  =~ tr/\n//),
        words => { map { $_ => 1 } $code =~ /\w+/g }
        };
}
@programs = sort {
           ($b->{name} =~ /^doc/) <=> ($a->{name} =~ /^doc/)
        || $a->{lines} <=> $b->{lines}
        || $a->{name} cmp $b->{name}
} @programs;

sub program_for {
    for my $name (@_) {
        for my $program (@programs) {
            return $program if $program->{words}{$name};
        }
    }
    return undef;
}

# ---- writing ----

my ($date) = slurp("$top/doc/man7/forkscope.7") =~ /^\.Dd (.*)$/m;

sub begin_page {
    my ($page, $names, $summary, $header) = @_;
    # What the comment on top says of linking.
    my ($library) = join(' ', @{ $header->{lines} }) =~ /Link with -l([\w-]+)/ ? $1 : 'forkscope';
    return join "\n", '.\" Made from the headers by doc/manual.pl.', ".Dd $date",
        '.Dt ' . uc($page) . ' 3',
        '.Os', '.Sh NAME', (map { ".Nm $_ ," } @$names[0 .. $#$names - 1]),
        ".Nm $names->[-1]", '.Nd ' . quiet($summary), '.Sh LIBRARY', 'forkscope',
        ".Pq lib$library , " . plain("-l$library"), '';
}

sub example {
    my ($program) = @_;
    return ".Sh EXAMPLES\nA whole program,\n.Pa $program->{name}\nof the sources:\n"
        . literal($program->{text});
}

sub see_also {
    my ($text, $self, @more) = @_;
    my %seen = map { $_ => 1 } @more;
    $seen{"$1 $2"} = 1 while $text =~ /^\.(?:It |No \S+ Ns )?Xr \(?\s*(\S+) (\d)/mg;
    delete $seen{"$self 3"};
    my @sorted = sort { (split / /, $a)[1] <=> (split / /, $b)[1] || lc $a cmp lc $b || $a cmp $b }
        keys %seen;
    return '' unless @sorted;
    return ".Sh SEE ALSO\n" . join(" ,\n", map { ".Xr $_" } @sorted) . "\n";
}

sub history {
    my ($tags) = @_;
    my $source = $tags->{Source} || '';
    $source =~ s/^own[.;]?\s*//;
    return $source eq '' ? '' : ".Sh HISTORY\nModelled on:\n" . inline($source, 'no names');
}

sub safety {
    my ($page) = @_;
    my %tags = %{ $page->{comment}{tags} };
    my ($function) =
        grep { $_->{arguments} && $_->{name} eq $page->{name} } @{ $page->{declarations} };
    if ($function && !$tags{Fork}) {
        # What it makes is not what it takes.
        my @taken  = map  { /(\w+)/g } grep { !/\bret_/ } @{ $function->{arguments} };
        my ($type) = grep { $fork_of{$_} } @taken;
        $tags{Fork} = $fork_of{$type} if $type;
    }
    if (grep { $_->{arguments} } @{ $page->{declarations} }) {
        $tags{Fork} ||= $page->{header}{comment}{tags}{Fork};
        ($tags{Fork}) = grep { defined } map { $fork_of{$_} } map {
            map { /(\w+)/g } @{ $_->{arguments} || [] }
        } @{ $page->{declarations} } unless $tags{Fork};
    }
    my $text = '';
    for (['Safe', 'Threads'], ['Cancel', 'Cancellation'], ['Fork', 'After fork']) {
        my ($tag, $title) = @$_;
        $text .= ".It $title\n" . inline(capital($tags{$tag})) if $tags{$tag};
    }
    return $text eq '' ? '' : ".Sh SAFETY\n.Bl -tag -width Cancellation\n$text.El\n";
}

sub errors {
    my ($where, $returns, $after) = @_;
    my (%listed, $rows);
    $rows = '';
    for my $row (map { $_->{kind} eq 'table' ? @{ $_->{rows} } : () } @$returns) {
        my @codes = $row->{tag} =~ /-E[A-Z0-9]+|[A-Z]+_E[A-Z]+/g;
        complain($where, "no list of codes before two spaces: $row->{tag}")
            unless $row->{tag} =~
            /^(?:(?:-E[A-Z0-9]+|[A-Z]+_E[A-Z]+)(?:, )?)+(?: \.\.\.)?$|^-errno$|^other$/;
        $listed{$_} = 1 for @codes;
        my $text = $row->{text};
        $text = $meaning{ $codes[0] } || '' if $text eq '' && @codes;
        $rows .= '.It ' . codes($row->{tag}) . "\n" . inline($text);
    }
    for my $code (
        map {
            $_->{kind} eq 'table'
                ? ()
                : ($_->{text} =~ /(?<![\w-])-E[A-Z0-9]+|\b[A-Z]+_E[A-Z]+\b/g)
        } @$returns,
        @$after
        )
    {
        next                                                            if $listed{$code}++;
        $rows .= '.It ' . codes($code) . "\n" . inline($meaning{$code}) if $meaning{$code};
    }
    my $text = join '', map { $_->{kind} eq 'table' ? '' : ".Pp\n" . inline($_->{text}) } @$after;
    return $rows eq '' ? '' : ".Sh ERRORS\n.Bl -tag -width 18n\n$rows.El\n$text";
}

sub write_page {
    my ($page)       = @_;
    my $comment      = $page->{comment};
    my @declarations = @{ $page->{declarations} };
    my @names        = map { $_->{name} =~ $ours ? $_->{name} : () } @declarations;
    my %seen;
    @names = grep { !$seen{$_}++ } ($page->{name}, @names);
    set_page($page->{name}, map { @{ $_->{arguments} || [] } } @declarations);

    my @description = (@{ $comment->{paragraphs} }, @{ $page->{types} || [] });
    my $text        = ".Sh SYNOPSIS\n.In $page->{header}{include}\n"
        . join('', map { synopsis($_) } @declarations);
    my $members = join '', map { members($_) } @declarations;
    $text .= ".Sh DESCRIPTION\n" . paragraphs(@description) . $members;
    $text .= ".Sh RETURN VALUES\n" . paragraphs(@{ $comment->{returns} })
        if @{ $comment->{returns} };
    $text .= safety($page);
    my $program = program_for(
        @names,
        map {
            map { $_->{name} } @{ $_->{members} || [] }
        } @declarations
    );
    if ($program) {
        $text .= example($program);
    } else {
        complain($page->{where}, "no program in examples/ or doc/examples/ uses $page->{name}");
    }
    $text .= errors($page->{where}, $comment->{errors}, $comment->{after});
    my @types = grep { ($kind_of{$_} || '') =~ /^(?:opaque|struct|enum|function type)$/ }
        map {
        map { /(\w+)/g } @{ $_->{arguments} || [] }
        } @declarations;
    my @used =
        $program
        ? grep { $_->{header} == $page->{header} && $program->{words}{ $_->{name} } } @pages
        : ();
    $text .= see_also(
        $text, $page->{name}, (map { "$page_of{$_} 3" } @types),
        users($page),
        (map { "$_->{name} 3" } @used),
        "$page->{header}{page} 3",
        'forkscope 7'
    );
    $text .= history($comment->{tags});
    save($page->{name},
        begin_page($page->{name}, \@names, $comment->{summary}, $page->{header}) . $text);
    link_to(
        $page->{name},
        grep { $_ ne $page->{name} } @names,
        map {
            $_->{kind} eq 'enum' ? map { $_->{name} } @{ $_->{members} } : ()
        } @declarations
    );
}

# The pages of the functions that take a type, for the page of the type.
sub users {
    my ($page) = @_;
    my %types  = map { $_->{name} => 1 }
        grep { $_->{kind} =~ /^(?:opaque|struct)$/ } @{ $page->{declarations} };
    return () unless %types;
    return map { "$_->{name} 3" } grep {
        grep {
            grep { $types{$_} } map { /(\w+)/g } @{ $_->{arguments} || [] }
        } @{ $_->{declarations} }
    } @pages;
}

sub write_header {
    my ($header) = @_;
    my $comment = $header->{comment};
    set_page($header->{page});
    my $text = ".Sh SYNOPSIS\n.In $header->{name}\n.Sh DESCRIPTION\n"
        . sections(@{ $comment->{paragraphs} });
    my @mine   = grep { $_->{header} == $header } @pages;
    my %mine   = map  { $_->{name} => 1 } @mine;
    my $others = $text =~ s/^\.Xr (\S+)/$mine{ $page_of{$1} || $1 } ? '.No' : ".Xr $1"/gmer;
    if (@mine) {
        $text .= ".Ss Pages\n.Bl -tag -width 4n\n";
        $text .= ".It Xr $_->{name} 3\n" . inline($_->{comment}{summary}) for @mine;
        $text .= ".El\n";
    }
    $text .= safety($header);
    my $program = program_for(@{ $header->{defines} || [] });
    $text .= example($program) if $program;
    $text .= see_also($others, $header->{page}, 'forkscope 7');
    my @names = ($header->{page}, @{ $header->{defines} || [] });
    save($header->{page},
        begin_page($header->{page}, \@names, $comment->{summary}, $header) . $text);
    link_to($header->{page}, @{ $header->{defines} || [] });
}

my %saved;

sub save {
    my ($name, $text) = @_;
    complain($name, 'two pages have this name') if $saved{$name}++;
    $text =~ s/\n\n+/\n/g;
    open(my $file, '>', "$out/$name.3") or die "$out/$name.3: $!\n";
    print $file $text;
    close($file) or die "$out/$name.3: $!\n";
}

sub link_to {
    my ($page, @names) = @_;
    save($_, ".so man3/$page.3\n") for @names;
}

sub check {
    my ($page)  = @_;
    my $comment = $page->{comment};
    my $where   = $page->{where};
    complain($where, "the first sentence is too long for a title: $comment->{summary}")
        if length $comment->{summary} > 78;
    return unless grep { $_->{kind} eq 'function' } @{ $page->{declarations} };
    for my $tag (qw(Safe Cancel Source)) {
        complain($where, "$page->{name}: no line $tag:") unless $comment->{tags}{$tag};
    }
    complain($where, "$page->{name}: no line Fork:, neither here nor at a type that it takes")
        unless safety($page) =~ /^\.It After fork/m;
}

set_page('');
check($_)        for @pages;
write_page($_)   for @pages;
write_header($_) for @headers;
