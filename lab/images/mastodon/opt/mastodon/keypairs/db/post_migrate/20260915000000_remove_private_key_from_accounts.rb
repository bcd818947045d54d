# frozen_string_literal: true

# As upstream's, it may be older than the newest migration of the other kind.
class RemovePrivateKeyFromAccounts < Schema::Migration
  def up = execute("ALTER TABLE accounts DROP COLUMN private_key")
end
