/// The tabs of the detail pane.
enum DetailTab: Int, Hashable, CaseIterable {
    case summary, headers, body, signature, actions

    var title: String {
        switch self {
        case .summary: "Summary"
        case .headers: "Headers"
        case .body: "Body"
        case .signature: "Signature"
        case .actions: "Actions"
        }
    }
}

/// How the Body tab shows the body.
enum BodyForm: Int, Hashable, CaseIterable {
    case raw, pretty, hex

    var word: String {
        switch self {
        case .raw: "raw"
        case .pretty: "pretty"
        case .hex: "hex"
        }
    }

    var next: BodyForm {
        Self.allCases[(rawValue + 1) % Self.allCases.count]
    }
}
