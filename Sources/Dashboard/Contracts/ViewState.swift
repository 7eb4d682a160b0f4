/// What is kept of the screen from one run to the next.
public struct ViewState: Sendable, Hashable {
    /// How many filters are kept.
    public static let mostFilters = 100
    /// The longest filter that is kept, in bytes.
    public static let longestFilter = 4_096

    /// The filters applied, the newest first.
    public var filters: [String] = []
    /// How the lists are shown.
    public var preferences = ViewPreferences()

    /// The state before anything was chosen.
    public init() {}

    /// Puts a filter first, once.
    mutating func remember(_ filter: String) {
        guard !filter.allSatisfy(\.isWhitespace), filter.utf8.count <= Self.longestFilter else { return }
        filters.removeAll { $0 == filter }
        filters = [filter] + filters.prefix(Self.mostFilters - 1)
    }
}

extension ViewState: Codable {
    private enum CodingKeys: String, CodingKey {
        case filters, preferences
    }

    /// Takes what it understands; the rest, of another version perhaps, is left at its default.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        for filter in ((try? values.decodeIfPresent([String].self, forKey: .filters)) ?? []).reversed() {
            remember(filter)
        }
        preferences = (try? values.decodeIfPresent(ViewPreferences.self, forKey: .preferences)) ?? ViewPreferences()
    }
}
