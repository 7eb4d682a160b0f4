import Foundation

/// The group that many systems make for each user, with nobody else in it.
enum UserGroup {
    /// Whether a group is the user's own: of the user's name, without other members. Where that cannot be learnt it is
    /// taken for a group of others.
    static func isOwn(_ group: gid_t) -> Bool {
        guard let user = userName(), let (name, members) = named(group) else { return false }
        return name == user && members.allSatisfy { $0 == user }
    }

    private static func userName() -> String? {
        var (entry, found) = (passwd(), UnsafeMutablePointer<passwd>?.none)
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return entry.pw_name.map { String(cString: $0) }
    }

    private static func named(_ id: gid_t) -> (name: String, members: [String])? {
        var (entry, found) = (Foundation.group(), UnsafeMutablePointer<group>?.none)
        var buffer = [CChar](repeating: 0, count: 64 << 10)
        guard getgrgid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.gr_name
        else { return nil }
        var members: [String] = []
        var next = entry.gr_mem
        while let member = next?.pointee {
            members.append(String(cString: member))
            next = next?.advanced(by: 1)
        }
        return (String(cString: name), members)
    }
}
