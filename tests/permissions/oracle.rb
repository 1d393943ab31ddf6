# frozen_string_literal: true

# Redmine's own answers about everybody, for the comparison with ours. Run by `rails runner oracle.rb PORT`:
# each line that comes over the socket is a command in JSON, each answer a line of JSON.
# Nothing is worked out here: every value is what a method of Redmine's models says.

require 'json'
require 'socket'

def person(user, command)
  User.current = user
  visible = Issue.visible(user).pluck(:id).sort
  dice = Random.new(command['seed'] * 1000 + user.id)
  {
    visible: visible,
    projects: Project.visible(user).pluck(:id).sort,
    members: Project.order(:id).to_h { |project| [project.id, members(project, user)] },
    tasks: visible.shuffle(random: dice).first(command['tasks']).to_h { |id| [id, task(Issue.find(id), user)] },
    **creation(user, command, dice)
  }
end

# As MembersController#index; nothing where it is forbidden.
def members(project, user)
  return nil unless user.allowed_to?({ controller: 'members', action: 'index' }, project)

  people = project.memberships.includes(:principal, :roles).select { |membership| membership.principal.is_a?(User) }
  people.map { |membership| [membership.user_id, membership.principal.name, membership.roles.sort.map(&:name)] }
end

def task(issue, user)
  project = issue.project
  may = ->(permission) { user.allowed_to?(permission, project) }
  {
    statuses: issue.new_statuses_allowed_to(user).map(&:id),
    journals: issue.visible_journals_with_index(user).map { |journal| journal_facts(journal, user) },
    attachments: issue.attachments_visible?(user) ? issue.attachments.map(&:id) : [],
    relations: relations(issue, user),
    children: issue.children.select { |child| child.visible?(user) }.map(&:id),
    parent: issue.parent && issue.parent.visible?(user) ? issue.parent_id : nil,
    watchers: may.call(:view_issue_watchers) ? issue.watcher_users.map(&:id) : [],
    watched: issue.watched_by?(user),
    spent: may.call(:view_time_entries) ? TimeEntry.visible(user).where(issue_id: issue.id).sum(:hours).to_f : 0.0,
    custom: issue.visible_custom_field_values(user).to_h { |held| [held.custom_field_id, Array(held.value).map(&:to_s)] },
    done_ratio: issue.done_ratio,
    attributes_editable: issue.attributes_editable?(user),
    notes_addable: issue.notes_addable?(user),
    private_notes: issue.safe_attribute?('private_notes', user),
    deletable: issue.deletable?(user),
    **fields(issue, user)
  }
end

def fields(issue, user)
  {
    safe: issue.safe_attribute_names(user),
    read_only: issue.read_only_attribute_names(user),
    required: issue.required_attribute_names(user),
    editable_custom: issue.editable_custom_field_values(user).map(&:custom_field_id),
    assignable: issue.assignable_users.map(&:id),
    trackers: issue.allowed_target_trackers(user).map(&:id)
  }
end

def journal_facts(journal, user)
  {
    id: journal.id,
    editable: journal.editable_by?(user),
    details: journal.visible_details(user).map { |detail| [detail.property, detail.prop_key] }
  }
end

# As IssuesController#show chooses them.
def relations(issue, user)
  shown = issue.relations.select { |relation| relation.other_issue(issue)&.visible?(user) }
  shown.map { |relation| [relation.relation_type_for(issue), relation.other_issue(issue).id] }
end

def creation(user, command, dice)
  projects = Issue.allowed_target_projects(user).to_a.sort_by(&:id)
  trackers = projects.to_h { |project| [project.id, Issue.allowed_target_trackers(project, user).map(&:id)] }
  pairs = trackers.flat_map { |project, ids| ids.map { |tracker| [project, tracker] } }
  chosen = pairs.shuffle(random: dice).first(command['blanks'])
  { creatable: trackers, blanks: chosen.map { |project, tracker| [project, tracker, blank(user, project, tracker)] } }
end

# As IssuesController#build_new_issue_from_params.
def blank(user, project, tracker)
  issue = Issue.new(project: Project.find(project), author: user)
  issue.send(:safe_attributes=, { 'tracker_id' => tracker.to_s }, user)
  { tracker: issue.tracker_id, status: issue.status_id, statuses: issue.new_statuses_allowed_to(user).map(&:id),
    **fields(issue, user) }
end

def answer(command)
  RequestStore.clear!
  Setting.clear_cache
  # Each query once in a world; the cache is gone with the block.
  ActiveRecord::Base.uncached do
    ActiveRecord::Base.cache { command['people'].to_h { |id| [id, person(User.find(id), command)] } }
  end
end

Rails.logger.level = :warn
server = TCPServer.new('127.0.0.1', Integer(ARGV.fetch(0)))
loop do
  socket = server.accept
  while (line = socket.gets)
    reply = begin
      answer(JSON.parse(line))
    rescue StandardError => e
      { failure: "#{e.class}: #{e.message}", trace: e.backtrace.first(8) }
    end
    socket.puts(JSON.generate(reply))
  end
  socket.close
end
