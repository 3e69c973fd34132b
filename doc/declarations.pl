# Reads a header: its comments, as paragraphs, tables and lists, and the declarations below each.
use strict;
use warnings;

# The comment on top and the blocks: { comment => lines, declarations, line }.
sub read_header {
    my ($name, $text) = @_;
    $text =~ s,\A/\*\n(.*?)\*/\n,,s or die "$name: no comment on top\n";
    my @top  = uncomment($1);
    my $line = 3 + @top;
    $text =~ s/^#ifdef __cplusplus\n(.*?)^#endif\n/"\n" x (2 + ($1 =~ tr,\n,,))/gmse;

    my (@blocks, $block, $in_comment);
    for (split /\n/, $text) {
        if (m,^/\*, && !$in_comment) {
            push @blocks, $block = { comment => [], code => '', line => $line };
            $in_comment = 1;
        }
        if ($in_comment) {
            push @{ $block->{comment} }, $_;
            if (m,\*/\s*$,) {
                $in_comment = 0;
                $block->{comment} = [uncomment(join "\n", @{ $block->{comment} })];
                # A line that only divides the header ends the block before it.
                if ($block->{comment}[0] =~ /^-{20}/) {
                    $blocks[-1] = $block = { comment => [], code => '', line => $line };
                }
            }
        } elsif (/\S/ || $block) {
            push @blocks, $block = { comment => [], code => '', line => $line } unless $block;
            $block->{code} .= "$_\n";
        }
        $line++;
    }
    $_->{declarations} = [declarations($_->{code})] for @blocks;
    return { name => $name, lines => \@top, blocks => \@blocks };
}

# The lines of a comment without its frame.
sub uncomment {
    my ($text) = @_;
    $text =~ s,^/\*+ ?,,;
    $text =~ s,\s*\*/\s*$,,;
    my @lines = map { s/^ \* ?//; s/\s+$//; $_ } split /\n/, $text;
    shift @lines while @lines && $lines[0] eq '';
    return @lines;
}

# ---- declarations ----

sub declarations {
    my ($code) = @_;
    my @found;
    while ($code =~ /\S/) {
        if ($code =~ s/\A\s*#\s*define\s+(\w+)(\([^)]*\))?((?:[^\n]*\\\n)*[^\n]*)\n?//) {
            my ($name, $parameters, $body) = ($1, $2, $3);
            push @found,
                {
                kind       => defined $parameters ? 'call macro' : 'macro',
                name       => $name,
                parameters => $parameters,
                body       => $body
                }
                unless $name =~ /_H(?:PP)?$/;
        } elsif ($code =~ s/\A\s*#[^\n]*\n?//) {
        } elsif (
            $code =~ s,\A((?:/\*.*?\*/|[^;{(]|(\{(?:[^{}]|(?2))*\})|(\((?:[^()]|(?3))*\)))*);,,s)
        {
            my $found = declaration($1);
            push @found, $found if $found;
        } else {
            last;
        }
    }
    return @found;
}

sub declaration {
    my ($text) = @_;
    my $plain = $text;
    $plain                 =~ s,/\*.*?\*/,,gs;
    $plain                 =~ s/__attribute__\s*(\((?:[^()]|(?1))*\))//g;
    $plain                 =~ s/\s+/ /g;
    $plain                 =~ s/^ | $//g;
    return undef if $plain =~ /^static\b/;
    if ($plain =~ /^(typedef )?(struct|enum) ?(\w*) ?\{.*\} ?(\w*)$/) {
        my ($kind, $name, $alias) = ($2, $3, $4);
        my ($body) = $text =~ /\{(.*)\}/s;
        my @members = members_of($body, $kind eq 'enum' ? ',' : ';');
        return {
            kind    => $kind,
            name    => $name || $alias || $members[0]{name},
            tag     => $name,
            alias   => $alias,
            members => \@members
        };
    }
    return { kind => 'opaque', name => $2, text => $plain }
        if $plain =~ /^typedef struct (\w+) (\w+)$/;
    return { kind => 'forward',  name => $1, text => $plain } if $plain =~ /^struct (\w+)$/;
    return { kind => 'variable', name => $1, text => $plain } if $plain =~ /^extern .*?(\w+)$/;
    if ($plain =~ /^(.*?)(\w+)\((.*)\)$/) {
        my ($type, $name, $arguments) = ($1, $2, $3);
        my @arguments = $arguments =~ /\G\s*((?:[^,()]|(\((?:[^()]|(?2))*\)))+),?/g;
        @arguments = grep { defined && !/^\(/ && s/\s+$//r } @arguments;
        $type =~ s/\s+$//;
        return {
            kind      => $type =~ /^typedef/ ? 'function type' : 'function',
            name      => $name,
            type      => $type,
            arguments => \@arguments
        };
    }
    return undef;
}

# Each { text, name, comment }: the comment stands behind a member, or above it.
sub members_of {
    my ($body, $end) = @_;
    my (@members, $above);
    while ($body =~ /\S/) {
        if ($body =~ s,\A([ \t]*)/\*(.*?)\*/,,s) {
            my $comment = words_of($2);
            if (@members && !defined $members[-1]{comment}) {
                $members[-1]{comment} = $comment;
            } else {
                $above = $comment;
            }
        } elsif ($body =~ s/\A[ \t]*\n//) {
            # Here ends the line of the member, and with it the place for its comment.
            $members[-1]{comment} = '' if @members && !defined $members[-1]{comment};
        } elsif ($body =~ s/\A\s*((?:[^$end(\/]|(\((?:[^()]|(?2))*\)))+)(?:$end|\z)?//) {
            my $text = $1;
            $text =~ s/\s+/ /g;
            $text =~ s/ $//;
            my ($name) =
                  $text =~ /\(\*(\w+)\)/ ? $1
                : $end eq ',' ? $text =~ /^(\w+)/
                :               $text =~ /(\w+)(?:\[.*\])?$/;
            push @members, { text => $text, name => $name };
            ($members[-1]{comment}, $above) = ($above, undef) if defined $above;
        } else {
            last;
        }
    }
    return @members;
}

sub words_of {
    my ($text) = @_;
    $text =~ s/^\s*\* ?/ /mg;
    $text =~ s/\s+/ /g;
    $text =~ s/^ | $//g;
    return $text;
}

# ---- comments ----

# { summary, paragraphs, returns, errors, after, tags }.
sub parse_comment {
    my ($lines) = @_;
    my @lines = @$lines;
    my %tags;
    for my $at (grep { $lines[$_] =~ /^(?:Safe|Cancel|Fork|Source|Defines): / }
        reverse 0 .. $#lines)
    {
        my ($first, @rest) = splice @lines, $at;
        pop @rest while @rest && $rest[-1] eq '';
        $first =~ /^(\w+):\s+(.*)/;
        $tags{$1} = join ' ', $2, map { s/^\s+//r } @rest;
    }
    my $title = @lines && $lines[0] =~ s/^[\w.]+\.h(?:pp)? - // ? shift @lines : undef;
    my (@paragraphs, @returns, @errors, @after);
    for my $paragraph (split_paragraphs(@lines)) {
        if ($paragraph->{kind} eq 'text' && !defined $title) {
            my ($before, $return) = split_returns($paragraph->{text});
            push @paragraphs, { kind => 'text', text => $before } if $before ne '';
            if ($return ne '') {
                push @returns, { kind => 'text', text => $return, list => 0 };
                push @errors, $returns[-1];
                next;
            }
            if ($paragraph->{follows} && $before ne '' && @errors && $errors[-1]{kind} eq 'table') {
                push @after, pop @paragraphs;
            }
        } elsif ($paragraph->{kind} eq 'table'
            && @returns
            && $paragraph->{follows}
            && $returns[-1]{last})
        {
            push @errors, $paragraph;
            $returns[-1]{text} .= ' one of the values in ERRORS.';
        } else {
            push @paragraphs, $paragraph;
        }
    } continue {
        $_->{last} = 0 for @returns;
        $returns[-1]{last} = 1
            if @returns && @errors && $errors[-1] == $returns[-1] && $paragraph->{kind} eq 'text';
    }
    my $summary = $title;
    if (!defined $summary) {
        my ($first) = grep { $_->{kind} eq 'text' } @paragraphs, @returns;
        ($summary) = ($first ? $first->{text} : '') =~ /^((?:\([^()]*\)|[^.;:(]|[.:](?=\S))*)/;
        $summary =~ s/ \([^()]*[;:,][^()]*\)//g;
        $summary = lcfirst $summary unless $summary =~ /^(?:JSON|TCP|[A-Z]\w*[A-Z])/;
    }
    return {
        summary    => $summary,
        paragraphs => \@paragraphs,
        returns    => \@returns,
        errors     => \@errors,
        after      => \@after,
        tags       => \%tags
    };
}

# The sentences before and from the first one that says what is returned.
sub split_returns {
    my ($text) = @_;
    my @before;
    my @sentences = split /(?<=[.?!])\s+(?=[A-Z*`a-z_]+)/, $text;
    while (@sentences && $sentences[0] !~ /^(?:(?!that\b)\S+ ){0,3}[Rr]eturns? (?!of\b|values?\b)/)
    {
        push @before, shift @sentences;
    }
    return (join(' ', @before), join(' ', @sentences));
}

# Each { kind: text, table, bullets, steps or literal; follows: no empty line before }.
sub split_paragraphs {
    my (@found, $now, $empty);
    for my $line (@_) {
        if ($line eq '') {
            $now->{text} .= "\n" if $now && $now->{kind} eq 'literal';
            $empty = 1;
            next;
        }
        my ($indent) = $line =~ /^( *)/;
        $indent = length $indent;
        (my $text = $line) =~ s/^ +//;
        my $last = $now                 ? $now->{kind}     : '';
        my $row  = $now && $now->{rows} ? $now->{rows}[-1] : undef;
        if (!$empty && $row && $indent > $row->{indent}) {
            # A program inside of an item stands four columns further in than its text.
            if ($last ne 'table' && $indent >= $row->{indent} + 6) {
                $row->{code} .= substr($line, $row->{indent} + 6) . "\n";
            } else {
                $row->{ defined $row->{code} ? 'more' : 'text' } .=
                    ($row->{text} eq ''      ? ''     : ' ') . $text;
            }
        } elsif ($text =~ /^(- |\d+\. )(.*)/ && $indent <= 2) {
            my $kind = $1 eq '- ' ? 'bullets' : 'steps';
            push @found, $now = { kind => $kind, rows => [], follows => !$empty }
                unless $last eq $kind;
            push @{ $now->{rows} }, { text => $2, indent => $indent };
        } elsif ($indent >= 4) {
            push @found, $now = { kind => 'literal', text => '', follows => !$empty }
                unless $last eq 'literal';
            $now->{text} .= "$line\n";
        } elsif ($indent > 0) {
            push @found, $now = { kind => 'table', rows => [], follows => !$empty }
                unless $last eq 'table' && !$empty;
            my ($tag, $rest) = $text =~ /^(\S.*?)(?:\s{2,}(.*))?$/;
            # A list of codes may take several lines.
            $tag = (pop @{ $now->{rows} })->{tag} . " $tag"
                if $row && !$empty && "$row->{tag}$row->{text}" =~ /,$/;
            push @{ $now->{rows} },
                { tag => $tag, text => defined $rest ? $rest : '', indent => $indent };
        } else {
            push @found, $now = { kind => 'text', text => '', follows => !$empty }
                if $empty || $last ne 'text';
            $now->{text} .= ($now->{text} eq '' ? '' : ' ') . $text;
        }
        $empty = 0;
    }
    for my $literal (grep { $_->{kind} eq 'literal' } @found) {
        $literal->{text} =~ s/\s+$/\n/;
    }
    return @found;
}

1;
