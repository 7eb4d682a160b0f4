/// Why the keyring did not take a change, in a sentence.
enum KeyringRefusal: Error, CustomStringConvertible {
    case badLabel
    case empty
    case labelTaken(String)
    case notHeld(String)

    var description: String {
        switch self {
        case .badLabel: "A label is 1 to 40 letters, digits, dots, hyphens or underscores"
        case .empty: "There is nothing in the secret but white space: paste the signing secret itself"
        case .labelTaken(let label): "Another secret is called “\(label)” already: give this one another label"
        case .notHeld(let label): "There is no secret “\(label)” any more"
        }
    }
}
