extension BodyVariant {
    /// One or two steps from the body received to the one signed that need not read its JSON; nil where there are none.
    ///
    /// What comes to the same as JSON laid out anew is more often a matter of newlines.
    static func plainSteps(from received: [UInt8], to signed: [UInt8]) -> [BodyVariant]? {
        if BodyVariant.withoutNewlines.applied(to: signed, tree: nil) == received { return [.newlinesTakenOut] }
        for first in cheap where first != .empty {
            guard let once = first.applied(to: received, tree: nil) else { continue }
            if once == signed { return [first] }
            for second in cheap where second != .empty && second.applied(to: once, tree: nil) == signed {
                return [first, second]
            }
        }
        return nil
    }
}
