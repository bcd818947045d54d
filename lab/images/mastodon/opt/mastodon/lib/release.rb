# frozen_string_literal: true

require_relative "databases"

# Several releases in one code: some change nothing in the database, others have migrations of both kinds, after the pattern of 4.7's own
# (accounts.private_key moves into a table of keys: keypairs/db). New code fails without the first migration, old code after the second.
module Release
  NAME = ENV.fetch("STAND_IN_RELEASE", "v4.7.3")
  HAS_KEYPAIRS = ENV["STAND_IN_KEYPAIRS"] == "true"

  # A release that does not start.
  def self.start(program)
    abort "#{NAME}: undefined method 'foo' for nil (NoMethodError)" if ENV["STAND_IN_BROKEN"] == program
  end

  # What a job or a request that signs something needs: the instance's key, where this release keeps it.
  def self.key
    rows = if HAS_KEYPAIRS
             Databases.query("SELECT private_key FROM keypairs WHERE account_id = -99")
           else
             Databases.query("SELECT private_key FROM accounts WHERE id = -99")
           end
    rows.first&.fetch("private_key") or raise "Neither PUB key nor PRIV key"
  end
end
