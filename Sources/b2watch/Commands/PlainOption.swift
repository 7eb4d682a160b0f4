import ArgumentParser

/// What every command that shows a dashboard takes.
struct PlainOption: ParsableArguments {
    @Flag(
        name: .customLong("plain"),
        help: ArgumentHelp(
            "Plain mode: lines of text in place of a screen, for screen readers and bad links.",
            discussion: """
                Commands are typed by name, and what changes is told as text: no escape sequences, no cursor. It works \
                over pipes too, and ends once the input has ended and all that was asked is answered. help lists the \
                commands.
                """))
    var isPlain = false
}
