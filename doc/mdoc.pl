# Writes mdoc: what is a name, a code or a literal in the text of a comment becomes the macro for
# it.
use strict;
use warnings;

my ($page_of, $kind_of, $header_page);
my ($page, %parameters);

sub set_names { ($page_of, $kind_of, $header_page) = @_ }

sub set_page {
    ($page, my @arguments) = @_;
    %parameters = map { (/\(\*(\w+)\)/ || /(\w+)(?:\[\])?$/) ? ($1 => 1) : () } @arguments;
}

# The first letter of a sentence, if it does not begin with a name.
sub capital {
    my ($text) = @_;
    return $text =~ /^[a-z][a-z-]*(?:[ ,;:.]|$)/
        && !$parameters{ $text =~ /^(\w+)/ ? $1 : '' } ? ucfirst $text : $text;
}

# Text that no macro reads.
sub plain {
    my ($text) = @_;
    $text =~ s/\\/\\e/g;
    $text =~ s/`//g;
    $text =~ s/(?<!\w)-/\\-/g;
    $text =~ s/^([.'])/\\&$1/;
    return $text;
}

# The same in a line that begins with a macro: what could be another macro is text.
sub quiet { return plain($_[0]) =~ s/(?<!\S)([A-Z][a-z]{1,2})(?!\S)/\\&$1/gr }

sub literal {
    my ($text, $remarks) = @_;
    $text = narrow($text) if $remarks;
    my ($margin) = sort { $a <=> $b } map { /^( *)\S/ ? length $1 : () } split /\n/, $text;
    $text =~ s/^ {$margin}//mg;
    $text =~ s/\\/\\e/g;
    $text =~ s/-/\\-/g;
    $text =~ s/'/\\(aq/g;
    $text =~ s/`/\\(ga/g;
    $text =~ s/\^/\\(ha/g;
    $text =~ s/~/\\(ti/g;
    $text =~ s/^\./\\&./mg;
    $text =~ s/^$/\\&/mg;
    return ".Bd -literal\n$text.Ed\n";
}

# Remarks behind the lines of a program come nearer, as far as a terminal of 80 columns asks for it.
sub narrow {
    my ($text)    = @_;
    my @lines     = split /\n/, $text;
    my ($longest) = sort { $b <=> $a } map { length } @lines;
    my ($room)    = sort { $a <=> $b } map { /\S( {3,})\S/ ? length($1) - 2 : () } @lines;
    my $much      = $longest - 78;
    return $text  if $much <= 0 || !$room;
    $much = $room if $much > $room;
    return join '', map { s/(\S) {$much}(?= {2,}\S)/$1/r . "\n" } @lines;
}

# ---- text ----

# A word of a comment as a macro with its arguments; nothing if it is only a word.
sub macro {
    my ($word) = @_;
    if ($word =~ /^(\w+)\((.*)\)$/ && exists $kind_of->{$1}) {
        my ($name, $arguments) = ($1, $2);
        return "Xr $name 3" if $arguments eq '' && $page_of->{$name} ne $page;
        return "Fn $name"   if $arguments eq '';
        return "Fn $name " . join ' ', map { '"' . plain($_) . '"' } split /,\s*/, $arguments;
    }
    return "Xr $1 $2"                if $word =~ /^([a-z_]\w*)\(([1-9])\)$/;
    return "Er \\$word"              if $word =~ /^-E[A-Z0-9]+$/;
    return "Fa \\&*$1"               if $word =~ /^\*(\w*_\w+)$/ && $parameters{$1};
    return "Fn $1"                   if $word =~ /^(\w+)\(\)$/;
    return 'Ox'                      if $word eq 'OpenBSD';
    return "Em $1"                   if $word =~ /^\*(\w+)\*$/;
    return "Fa $1"                   if $word =~ /^`(\w+)`$/ && !exists $kind_of->{$1};
    return 'Ql "' . plain($1) . '"'  if $word =~ /^`(.+)`$/s;
    return "Xr $header_page->{$1} 3" if $word =~ m,^(?:forkscope/)?([\w.]+)$, && $header_page->{$1};
    return "Vt \"$word\""            if $word =~ /^(?:struct|enum) /;
    return "Fa $word"                if $parameters{$word} && $word =~ /_/;
    my $kind = $kind_of->{$word};
    return "Dv $word"
        if $word =~ /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/ && (!defined $kind || $kind ne 'call macro');
    return undef unless defined $kind;
    return "Vt $word" if $kind =~ /^(?:opaque|struct|enum|function type|forward)$/;
    return "Va $word" if $kind eq 'variable';
    return $page_of->{$word} eq $page ? "Fn $word" : "Xr $word 3";
}

# A paragraph, one sentence a line or more.
sub inline {
    my ($text, $no_names) = @_;
    my @kept;
    my $keep = sub { push @kept, $_[0]; return "\x01" . $#kept . "\x02" };
    $text =~ s/(`[^`]+`)/$keep->($1)/ge;
    # A name with a version is that of another library.
    $text =~ s/\b(\w+)(?= \d+\.\d+\.\d)/$kind_of->{$1} ? "$1\x03" : $1/ge;
    $text =~
        s/\b((?:struct|enum) (\w+))/exists $kind_of->{$2} ? $keep->($1) : $1/ge;
    $text =~ s/\b(\w+)(\((?:[^()]|\(\))*\))/exists $kind_of->{$1} ? $keep->("$1$2") : "$1$2"/ge;

    my (@lines, $line);
    my $flush = sub { push @lines, $line if defined $line && $line ne ''; $line = undef };
    for my $word (split ' ', $text) {
        my ($before, $core, $after) = $word =~ /^([(\["]*)(.*?)([)\],;:?!."]*|'s[.,]?)$/s;
        # A closing parenthesis of the word itself, as in open(2).
        if ($core =~ /^\w+\(\d?$/ && $after =~ s/^\)//) {
            $core .= ')';
        }
        $core =~ s/\x01(\d+)\x02/$kept[$1]/g;
        my $library = $word                               =~ s/\x03//;
        my $macro = $library ? undef : $no_names && $core !~ /\(|^OpenBSD$/ ? undef : macro($core);
        if (defined $macro) {
            $flush->();
            my $start =
                $before eq ''
                ? ''
                : 'No ' . join('', map { $_ eq '"' ? '\(dq' : "\\&$_" } split //, $before) . ' Ns ';
            my $end =
                  $after eq ''               ? ''
                : $after =~ /^[)\],;:?!.]+$/ ? ' ' . join(' ', split //, $after)
                :   ' Ns ' . ($after =~ s/"/\\(dq/gr =~ s/^([.,;:?!])/\\&$1/r);
            push @lines, ".$start$macro$end";
            next;
        }
        $word =~ s/\x01(\d+)\x02/$kept[$1]/g;
        my $shown = plain($word);
        if (defined $line && length($line) + length($shown) > 76) {
            $flush->();
        }
        $line = defined $line ? "$line $shown" : $shown;
        $line =~ s/^([.'])/\\&$1/;
        $flush->() if $word =~ /(?<!\.\.)[.?!]["')]*$/ && $word !~ /\.\.\.\)$/;
    }
    $flush->();
    return join('', map { "$_\n" } @lines);
}

sub codes {
    my ($tag) = @_;
    my @parts = map {
              /^-E/              ? "Er \\$_"
            : /^[A-Z]+_E[A-Z]+$/ ? "Dv $_"
            : /^[,;:]$/          ? $_
            : 'No '
            . quiet($_)
    } $tag =~ /-E[A-Z0-9]+|\w+|[,;:]|[^\s,;:]+/g;
    my $text = join ' ', @parts;
    $text =~ s/(No \S+) (?=No )/$1 /g;
    return $text;
}

# ---- paragraphs ----

# Of the tags of a list: the longest one that is not very long.
sub width {
    my ($longest) = sort { $b <=> $a } grep { $_ <= 18 } map { length } @_;
    return ($longest || 8) . 'n';
}

sub list {
    my ($paragraph) = @_;
    my $kind = $paragraph->{kind};
    my $text =
          $kind eq 'bullets' ? ".Bl -bullet\n"
        : $kind eq 'steps'   ? ".Bl -enum\n"
        :   '.Bl -tag -width ' . width(map { $_->{tag} } @{ $paragraph->{rows} }) . "\n";
    for my $row (@{ $paragraph->{rows} }) {
        $text .= $kind eq 'table' ? '.It ' . codes($row->{tag}) . "\n" : ".It\n";
        $text .= inline($row->{text});
        $text .= literal($row->{code})          if defined $row->{code};
        $text .= ".Pp\n" . inline($row->{more}) if defined $row->{more};
    }
    return "$text.El\n";
}

sub paragraphs {
    my $text = '';
    for my $paragraph (@_) {
        if ($paragraph->{kind} eq 'text') {
            $text .= ($text eq '' ? '' : ".Pp\n") . inline($paragraph->{text});
        } elsif ($paragraph->{kind} eq 'literal') {
            $text .= literal($paragraph->{text}, 'remarks');
        } else {
            $text .= list($paragraph);
        }
    }
    return $text;
}

# The comment on top of a header: a line by itself is a title, and so is a sentence of a few words
# that begins a paragraph.
sub sections {
    my (@paragraphs) = @_;
    my $text = '';
    for my $at (0 .. $#paragraphs) {
        my %paragraph = %{ $paragraphs[$at] };
        if ($paragraph{kind} eq 'text' && $at > 0) {
            if ($paragraph{text} =~ /^[A-Z][^.:;]{2,60}$/) {
                $text .= '.Ss ' . quiet($paragraph{text}) . "\n";
                next;
            }
            if ($paragraph{text} =~ s/^([A-Z][a-z-]+(?: (?!is\b|are\b)[a-z]+){0,3})\. (?=\S)//) {
                $text .= '.Ss ' . quiet($1) . "\n";
            }
        }
        my $more = paragraphs(\%paragraph);
        $text .= ".Pp\n"
            if $paragraph{kind} eq 'text' && $text ne '' && $text !~ /^\.Ss [^\n]*\n\z/m;
        $text .= $more;
    }
    return $text;
}

# ---- declarations ----

sub quoted { return '"' . ($_[0] =~ s/\\/\\e/gr) . '"' }

sub synopsis {
    my ($declaration) = @_;
    my ($kind, $name) = @$declaration{qw(kind name)};
    if ($kind =~ /^function/) {
        my @arguments = map { quoted($_) } @{ $declaration->{arguments} };
        # A long name and its first argument may stand on two lines.
        $arguments[0] =~ s/^"/"\\:/ if length("$name$arguments[0]") > 65;
        return join '', ".Ft $declaration->{type}\n.Fo $name\n", (map { ".Fa $_\n" } @arguments),
            ".Fc\n";
    }
    return
        ".Fn $name "
        . join(' ', map { quoted($_) } $declaration->{parameters} =~ /[\w.]+/g) . "\n"
        if $kind eq 'call macro';
    return ".Fd #define $name $declaration->{body}\n" =~ s/ +/ /gr =~ s/"/\\(dq/gr
        if $kind eq 'macro';
    return ".Vt $declaration->{text} ;\n" if $kind !~ /^(?:struct|enum)$/;

    my $end = $kind eq 'enum' ? ',' : ';';
    my $start =
          ($declaration->{alias} ? 'typedef ' : '')
        . $kind
        . ($declaration->{tag} ? " $declaration->{tag}" : '');
    my $lines = join '', map { "    $_->{text}$end\n" } @{ $declaration->{members} };
    $lines =~ s/^(.{1,70},) (.*)$/$1\n        $2/mg while $lines =~ /^.{77}/m;
    return
          ".Bd -literal\n$start {\n"
        . ($lines =~ s/\\/\\e/gr =~ s/-/\\-/gr) . '}'
        . ($declaration->{alias} ? " $declaration->{alias}" : '')
        . ";\n.Ed\n";
}

# What each member is, for those that have a comment.
sub members {
    my ($declaration) = @_;
    my @members =
        grep { defined $_->{comment} && $_->{comment} ne '' } @{ $declaration->{members} || [] };
    return '' unless @members;
    my $macro = $declaration->{kind} eq 'enum' ? 'Dv' : 'Va';
    my $text  = '';
    for my $member (@members) {
        my $names = $member->{name};
        $names = $1 if $macro eq 'Va' && $member->{text} =~ /(\w+(?:, \w+)+)$/;
        $text .= ".It $macro " . ($names =~ s/, / , $macro /gr) . "\n" . inline($member->{comment});
    }
    return '.Bl -tag -width ' . width(map { $_->{name} } @members) . "\n$text.El\n";
}

1;
